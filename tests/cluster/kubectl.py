"""A stand-in for `kubectl` and the cluster behind it, on this machine: a job's pod is a process that sees the shared
folder and of its environment what the manifest says. As a cluster does it, SIGTERM goes to its first process alone, and
what is left when that ends is killed. Asks nothing else of its manifest."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import yaml

JOBS = Path(os.environ["JOBS"])  # a folder for each job


def create() -> None:
    manifest = sys.stdin.read()
    folder = JOBS / str(len(list(JOBS.iterdir())))
    folder.mkdir()
    (folder / "manifest.yaml").write_text(manifest)
    with (folder / "log").open("w") as log:
        command = (sys.executable, __file__, "wait", str(folder))
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    print(f"job.batch/{folder.name}")


def wait(folder: Path) -> None:
    """What the cluster does meanwhile."""
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text())
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    environment = {"HOME": os.environ["HOME"], **{entry["name"]: entry["value"] for entry in container["env"]}}
    first = psutil.Popen(container["command"], cwd=container["workingDir"], env=environment)
    (folder / "pid").write_text(str(first.pid))
    inside: set[psutil.Process] = set()
    while first.poll() is None:
        try:
            inside.update(first.children(recursive=True))
            inside.update(*(process.children(recursive=True) for process in inside if process.is_running()))
        except psutil.NoSuchProcess:  # it ended meanwhile
            pass
        time.sleep(0.02)
    for process in inside:
        if process.is_running():
            process.kill()
    (folder / "ended").write_text(str(first.returncode))


def get(job: str, *options: str) -> None:
    folder = JOBS / Path(job).name
    assert "--ignore-not-found" in options
    ended = (folder / "ended").read_text() if (folder / "ended").exists() else ""
    if (folder / "gone").exists() or ((folder / "deleted").exists() and ended):
        return
    print("there" if not ended else "there SuccessCriteriaMet Complete" if ended == "0" else "there Failed", end="")


def delete(*words: str) -> None:
    """In the background unless it is told otherwise: the job is gone while its pod still ends."""
    for job in (word for word in words if not word.startswith("--")):
        folder = JOBS / Path(job).name
        (folder / ("deleted" if "--cascade=foreground" in words else "gone")).touch()
        if not (folder / "ended").exists():
            os.kill(int((folder / "pid").read_text()), signal.SIGTERM)


match sys.argv[1:]:
    case ["create", "--filename", "-", "--output", "name"]:
        create()
    case ["wait", folder]:
        wait(Path(folder))
    case ["get", job, *words]:
        get(job, *words)
    case ["delete", *words]:
        delete(*words)
    case other:
        sys.exit(f"unknown: {other}")
