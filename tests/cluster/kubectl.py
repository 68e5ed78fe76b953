"""A stand-in for `kubectl` and the cluster behind it, on this machine: a job's pod is a process that sees the shared
folder, and is ended as a cluster does it, by SIGTERM to its first process alone. Asks nothing else of its manifest."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import yaml

JOBS = Path(os.environ["JOBS"])  # a folder for each job


def create() -> None:
    manifest = sys.stdin.read()
    container = yaml.safe_load(manifest)["spec"]["template"]["spec"]["containers"][0]
    folder = JOBS / str(len(list(JOBS.iterdir())))
    folder.mkdir()
    (folder / "manifest.yaml").write_text(manifest)
    waiting = f"{sys.executable} {__file__} wait {folder}"
    subprocess.Popen(
        [*waiting.split(), *container["command"]],
        cwd=container["workingDir"],
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    print(f"job.batch/{folder.name}")


def wait(folder: str, *command: str) -> None:
    """What the cluster does meanwhile: it writes down how the pod ended."""
    pod = subprocess.Popen(command)
    (Path(folder) / "pid").write_text(str(pod.pid))
    (Path(folder) / "ended").write_text(str(pod.wait()))


def get(job: str, *options: str) -> None:
    folder = JOBS / Path(job).name
    assert "--ignore-not-found" in options
    if (folder / "deleted").exists() or not folder.exists():
        return
    ended = folder / "ended"
    status = ended.read_text() if ended.exists() else ""
    print("there" if not status else "there SuccessCriteriaMet Complete" if status == "0" else "there Failed", end="")


def delete(*words: str) -> None:
    for job in (word for word in words if not word.startswith("--")):
        folder = JOBS / Path(job).name
        (folder / "deleted").touch()
        if not (folder / "ended").exists():
            os.kill(int((folder / "pid").read_text()), signal.SIGTERM)


match sys.argv[1:]:
    case ["create", "--filename", "-", "--output", "name"]:
        create()
    case ["wait", *words]:
        wait(*words)
    case ["get", job, *words]:
        get(job, *words)
    case ["delete", *words]:
        delete(*words)
    case other:
        sys.exit(f"unknown: {other}")
