"""The workflow through a real Slurm: the same bytes as on this machine alone, whatever interrupts its jobs."""

import re
import subprocess
import time

import pytest

from tests.waiting import wait_for
from tests.workflow.artefacts import content
from tests.workflow.conftest import RUN
from tests.workflow.test_interrupted import ready

EPOCHS = 400
LONG = RUN.replace("epochs=1", f"epochs={EPOCHS}")
TARGET = f"results/steps/{LONG}.csv.gz"
FIRST = f"results/checkpoints/{LONG}/cl-epoch0000.safetensors"
# the profile as it is; this cluster has no accounting and little patience is needed
SNAKEMAKE = (
    *("snakemake", "--workflow-profile", "profiles/slurm", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1", "--latency-wait", "5"),
)

pytestmark = pytest.mark.long


def log_of(project):
    return (project.path / "results" / "logs" / "twins" / f"{LONG}.log").read_text()


@pytest.fixture(scope="module")
def plain(sources, tmp_path_factory):
    """Of a project whose run of many epochs can be trained at once: as it is, and trained on this machine alone."""
    project = ready(sources, tmp_path_factory, EPOCHS)
    done = project.copy(tmp_path_factory.mktemp("plain") / "twins")
    done.run("snakemake", "--cores", "1", TARGET)
    return project, done


def test_all_results_are_the_same_bytes_as_on_this_machine_alone(sources, finished, slurm, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.run(*SNAKEMAKE, "all")
    assert content(project) == content(finished)
    assert project.planned() == set()  # here too


def test_a_run_that_is_out_of_time_keeps_its_state_and_goes_on_at_the_next_attempt(plain, slurm, tmp_path):
    project = plain[0].copy(tmp_path / "twins")
    project.edit("pipeline/workflow/claims.py", "HOUR = 60", "HOUR = 1")
    project.edit("profiles/slurm/config.yaml", "TERM@120", "TERM@20")
    said = project.run(*SNAKEMAKE, TARGET)
    assert "Trying to restart job" in said
    assert re.findall(r"runtime=(\d+)", said)[:2] == ["1", "2"]
    assert re.search(r"going on after epoch [1-9]", log_of(project))
    assert content(project) == content(plain[1])


def test_a_run_that_is_cancelled_goes_on_after_the_same_command(plain, slurm, tmp_path):
    project = plain[0].copy(tmp_path / "twins")
    command = (*SNAKEMAKE, "--retries", "0", TARGET)
    with subprocess.Popen(
        command,
        cwd=project.path,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        wait_for(project.path / FIRST, process)
        time.sleep(1)
        for job in project.run("squeue", "--noheader", "--format=%i").split():
            project.run("scancel", job)
        said = process.communicate(timeout=240)[0]
    assert process.returncode != 0, said
    assert f"{LONG}: stopped after epoch" in log_of(project)
    project.run(*command)
    assert re.search(r"going on after epoch \d+", log_of(project))
    assert content(project) == content(plain[1])
