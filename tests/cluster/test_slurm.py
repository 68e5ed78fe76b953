"""The workflow through a real Slurm: the same bytes as without it, whatever interrupts its jobs."""

import re
import subprocess
import time

import pytest

from pipeline.jobs.chain import STAGES
from tests.waiting import wait_for
from tests.workflow.artefacts import content
from tests.workflow.conftest import LAYOUT, RUN, prepared_for

EPOCHS = 400
LONG = RUN.replace("epochs=1", f"epochs={EPOCHS}")
PLACE = LAYOUT.place(STAGES["twins"], LONG)
TARGET = str(PLACE.digests)
FIRST = PLACE.unfinished / "result" / "checkpoints" / "cl-epoch0000.safetensors"
# the profile as it is; this cluster has no accounting and little patience is needed
SNAKEMAKE = (
    *("snakemake", "--workflow-profile", "profiles/slurm", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1", "--latency-wait", "5"),
)

pytestmark = pytest.mark.long


def log_of(project):
    return (project.path / "results" / "logs" / "twins" / f"{PLACE.name}.log").read_text()


@pytest.fixture(scope="module")
def plain(sources, tmp_path_factory):
    """A project whose run of many epochs can be trained at once, and a copy in which it was trained without Slurm."""
    project = prepared_for(sources, tmp_path_factory.mktemp("slurm"), EPOCHS)
    done = project.copy(tmp_path_factory.mktemp("plain") / "twins")
    done.run("snakemake", "--cores", "1", TARGET)
    return project, done


def test_all_results_are_the_same_bytes_as_without_it(sources, finished, slurm, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.run(*SNAKEMAKE, "all")
    assert content(project) == content(finished)
    assert project.planned() == set()  # without Slurm too


def test_a_run_that_is_out_of_time_keeps_its_state_and_resumes_at_the_next_attempt(plain, slurm, tmp_path):
    project = plain[0].copy(tmp_path / "twins")
    project.edit("pipeline/jobs/cluster_requests.py", "HOUR = 60", "HOUR = 1")
    project.edit("profiles/slurm/config.yaml", "TERM@120", "TERM@20")
    output = project.run(*SNAKEMAKE, TARGET)
    assert "Trying to restart job" in output
    assert re.findall(r"runtime=(\d+)", output)[:2] == ["1", "2"]
    assert re.search(r"(going on|resuming) after epoch [1-9]", log_of(project))
    assert content(project) == content(plain[1])


def test_a_cancelled_run_resumes_after_the_same_command(plain, slurm, tmp_path):
    project = plain[0].copy(tmp_path / "twins")
    command = (*SNAKEMAKE, "--retries", "0", TARGET)
    with project.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_for(project.path / FIRST, process)
        time.sleep(1)
        for job in project.run("squeue", "--noheader", "--format=%i").split():
            project.run("scancel", job)
        output = process.communicate(timeout=240)[0]
    assert process.returncode != 0, output
    assert f"{LONG}: stopped after epoch" in log_of(project)
    project.run(*command)
    assert re.search(r"(going on|resuming) after epoch \d+", log_of(project))
    assert content(project) == content(plain[1])


@pytest.fixture
def reporting(sources, tmp_path):
    """A project with two runs to train, each of which prints to its log which GPUs it sees."""
    project = prepared_for(sources, tmp_path, 1)
    line = "    from pipeline.system.device import choose_device\n"
    shown = "    import sys\n    print('GPUs', os.environ['CUDA_VISIBLE_DEVICES'], file=sys.stderr)\n"
    project.edit("pipeline/cli/options.py", line, f"{shown}{line}")
    return project


def gpus(project):
    logs = sorted((project.path / "results" / "logs" / "twins").rglob("*.log"))
    return sorted(re.search(r"^GPUs (.*)$", log.read_text(), re.MULTILINE)[1] for log in logs)


def test_parallel_jobs_are_given_different_gpus(reporting, slurm):
    reporting.run(*SNAKEMAKE, "trained")
    assert gpus(reporting) == ["0", "1"]


def test_so_they_are_on_one_machine_without_slurm(reporting, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    monkeypatch.setenv("TMPDIR", str(reporting.path.parent))
    resources = ("--resources", "gpu=3", "--set-resources", "twins:gpu=1")
    reporting.run("snakemake", "--cores", "2", *resources, "--", "trained")
    assert gpus(reporting) == ["4", "5"]
