"""The profile for Kubernetes: what it asks a cluster for, and the workflow by it through a stand-in for the cluster."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from kubernetes.client import ApiClient

from tests.cluster.test_slurm import EPOCHS, FIRST, TARGET, log_of
from tests.waiting import wait_for
from tests.workflow.artefacts import content
from tests.workflow.conftest import ROOT
from tests.workflow.test_interrupted import ready

PROFILE = ROOT / "profiles" / "kubernetes"
SNAKEMAKE = (
    *("snakemake", "--workflow-profile", "profiles/kubernetes", "--seconds-between-status-checks", "1"),
    *("--latency-wait", "5"),
)


def executable(folder: Path, text: str) -> None:
    """A `kubectl` in a folder."""
    folder.mkdir()
    (folder / "kubectl").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "kubectl").chmod(0o755)


def before_path(folder: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def submitted(folder: Path, *words: str) -> dict:
    """The manifest that a `kubectl` is handed by `submit.py`, called in a folder with a name of its own."""
    executable(folder / "bin", f"cat > {folder}/manifest.yaml")
    here = folder / 'with "quotes", $dollars, blanks and 😀'
    here.mkdir()
    command = (sys.executable, PROFILE / "submit.py", *words)
    subprocess.run(command, cwd=here, env=before_path(folder / "bin"), check=True)
    text = (folder / "manifest.yaml").read_text()
    assert "\\ud83d" not in text  # halves of a character, which PyYAML reads and Go's YAML refuses
    return yaml.safe_load(text)


class Answer:
    """What the client reads."""

    def __init__(self, value: object) -> None:
        self.data = json.dumps(value)


def known_of(manifest: dict) -> dict:
    """Of a manifest what Kubernetes' own types know."""
    client = ApiClient()
    return client.sanitize_for_serialization(client.deserialize(Answer(manifest), "V1Job"))


def test_a_job_is_asked_for_in_the_words_that_kubernetes_knows(tmp_path):
    manifest = submitted(tmp_path, "between_seeds", "4", "9000", "90", "2", "/shared/a, job.sh")
    assert known_of(manifest) == manifest
    misspelt = {**manifest, "spec": {**manifest["spec"], "backofLimit": 1}}
    assert known_of(misspelt) != misspelt
    pod = manifest["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert manifest["metadata"]["labels"]["rule"] == "between-seeds"
    assert pod["activeDeadlineSeconds"] == 90 * 60
    assert container["command"][-1] == "/shared/a, job.sh"
    assert container["workingDir"] == str(tmp_path / 'with "quotes", $dollars, blanks and 😀')
    assert container["env"] == [{"name": "PATH", "value": before_path(tmp_path / "bin")["PATH"]}]
    assert container["resources"] == {
        "requests": {"cpu": "4", "memory": "9000Mi"},
        "limits": {"memory": "9000Mi", "nvidia.com/gpu": "2"},
    }


@pytest.mark.parametrize(
    ("kubectl", "expected"),
    [
        ("printf 'there SuccessCriteriaMet Complete'", "success"),
        ("printf 'there FailureTarget Failed'", "failed"),
        ("printf 'there FailureTarget'", "running"),  # its pods are still ending
        ("printf 'there '", "running"),
        ("true", "failed"),  # deleted
        ("echo 'connection refused' >&2; exit 1", "running"),
    ],
)
def test_a_jobs_status_is_one_that_snakemake_knows(tmp_path, kubectl, expected):
    executable(tmp_path / "bin", kubectl)
    command = (PROFILE / "status.sh", "job.batch/one")
    done = subprocess.run(command, env=before_path(tmp_path / "bin"), capture_output=True, text=True, check=True)
    assert done.stdout == f"{expected}\n"


@pytest.mark.parametrize("status", [0, 3])
def test_a_containers_first_process_ends_as_its_script_does(tmp_path, status):
    script = tmp_path / "script.sh"
    script.write_text(f"exit {status}")
    assert subprocess.run([PROFILE / "run.sh", script], check=False).returncode == status


def test_and_hands_sigterm_on_and_waits(tmp_path):
    """To what a script like Snakemake's starts, as long as it takes to keep its state."""
    keeps = f"""
import pathlib, signal, sys, time
def keep(*_):
    time.sleep(1)
    pathlib.Path({str(tmp_path / "kept")!r}).touch()
    sys.exit(7)
signal.signal(signal.SIGTERM, keep)
pathlib.Path({str(tmp_path / "ready")!r}).touch()
time.sleep(60)
"""
    (tmp_path / "keeps.py").write_text(keeps)
    (tmp_path / "script.sh").write_text(
        f"#!/bin/sh\ncd / && {sys.executable} {tmp_path}/keeps.py && exit 0 || exit 1\n"
    )
    with subprocess.Popen([PROFILE / "run.sh", tmp_path / "script.sh"]) as process:
        wait_for(tmp_path / "ready", process)
        process.terminate()
        assert process.wait(timeout=30) == 1
        assert (tmp_path / "kept").exists()


def test_cancelling_is_quick_however_long_the_cluster_takes(tmp_path):
    executable(tmp_path / "bin", f"sleep 3; echo $@ > {tmp_path}/deleted")
    subprocess.run([PROFILE / "cancel.sh", "job.batch/1"], env=before_path(tmp_path / "bin"), check=True, timeout=2)
    with subprocess.Popen(["sleep", "60"]) as process:
        wait_for(tmp_path / "deleted", process)
        process.kill()
    assert "--cascade=foreground job.batch/1" in (tmp_path / "deleted").read_text()


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """The folder of the jobs of a cluster that is none."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    executable(tmp_path / "bin", f'exec {sys.executable} {Path(__file__).with_name("kubectl.py")} "$@"')
    monkeypatch.setenv("PATH", str(tmp_path / "bin") + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("JOBS", str(folder))
    return folder


@pytest.mark.long
def test_all_results_are_the_same_bytes_as_on_this_machine_alone(sources, finished, jobs, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.run(*SNAKEMAKE, "all")
    assert content(project) == content(finished)
    manifests = [yaml.safe_load(file.read_text()) for file in jobs.glob("*/manifest.yaml")]
    assert {"prepare", "twins", "report"} <= {manifest["metadata"]["labels"]["rule"] for manifest in manifests}
    assert all(known_of(manifest) == manifest for manifest in manifests)


@pytest.mark.long
def test_a_run_whose_job_is_deleted_keeps_its_state_and_goes_on_at_the_next_attempt(
    sources, jobs, tmp_path, tmp_path_factory
):
    project = ready(sources, tmp_path_factory, EPOCHS)
    with project.start(*SNAKEMAKE, TARGET, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_for(project.path / FIRST, process)
        time.sleep(1)
        project.run("profiles/kubernetes/cancel.sh", "job.batch/0")
        said = process.communicate(timeout=240)[0]
    assert process.returncode == 0, said
    assert "Trying to restart job" in said
    kept = re.search(r"stopped after epoch (\d+)", (jobs / "0" / "log").read_text())
    assert kept
    assert f"going on after epoch {kept[1]}" in log_of(project)
    assert len(list(jobs.iterdir())) == 2
    cost = [yaml.safe_load((jobs / name / "manifest.yaml").read_text())["spec"]["template"]["spec"] for name in "01"]
    assert cost[1]["activeDeadlineSeconds"] == 2 * cost[0]["activeDeadlineSeconds"]
