"""The workflow through a real Slurm: the same bytes as on this machine alone, whatever interrupts its jobs."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.jobs.chain import STAGES
from pipeline.planning.layout import Layout
from tests.waiting import wait_for
from tests.workflow.artefacts import content
from tests.workflow.conftest import RUN
from tests.workflow.test_interrupted import ready

EPOCHS = 400
LONG = RUN.replace("epochs=1", f"epochs={EPOCHS}")
PLACE = Layout(Path("results"), Path("reports")).place(STAGES["twins"], LONG)
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
    project.edit("pipeline/jobs/cluster_requests.py", "HOUR = 60", "HOUR = 1")
    project.edit("profiles/slurm/config.yaml", "TERM@120", "TERM@20")
    said = project.run(*SNAKEMAKE, TARGET)
    assert "Trying to restart job" in said
    assert re.findall(r"runtime=(\d+)", said)[:2] == ["1", "2"]
    assert re.search(r"resuming after epoch [1-9]", log_of(project))
    assert content(project) == content(plain[1])


def test_a_run_that_is_cancelled_goes_on_after_the_same_command(plain, slurm, tmp_path):
    project = plain[0].copy(tmp_path / "twins")
    command = (*SNAKEMAKE, "--retries", "0", TARGET)
    with project.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_for(project.path / FIRST, process)
        time.sleep(1)
        for job in project.run("squeue", "--noheader", "--format=%i").split():
            project.run("scancel", job)
        said = process.communicate(timeout=240)[0]
    assert process.returncode != 0, said
    assert f"{LONG}: stopped after epoch" in log_of(project)
    project.run(*command)
    assert re.search(r"resuming after epoch \d+", log_of(project))
    assert content(project) == content(plain[1])


@pytest.fixture
def saying(sources, tmp_path):
    """A project with two runs to train, each of which says in its log which cards it sees."""
    project = sources.copy(tmp_path / "twins")
    line = "    from pipeline.system.device import choose_device\n"
    says = "    say(f\"cards {os.environ['CUDA_VISIBLE_DEVICES']}\")\n"
    project.edit("pipeline/__main__.py", line, f"{says}{line}")
    project.pipeline("prepare", "digits")
    project.pipeline("subset", "digits/classes=4,seed=0")
    return project


def cards(project):
    logs = sorted((project.path / "results" / "logs" / "twins").rglob("*.log"))
    return sorted(re.search(r"^cards (.*)$", log.read_text(), re.MULTILINE)[1] for log in logs)


def test_jobs_beside_each_other_are_given_different_cards(saying, slurm):
    saying.run(*SNAKEMAKE, "trained")
    assert cards(saying) == ["0", "1"]


def test_so_they_are_on_one_machine_without_slurm(saying, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    monkeypatch.setenv("TMPDIR", str(saying.path.parent))
    command = ("snakemake", "--cores", "2", "--resources", "gpu=3", "--set-resources", "twins:gpu=1", "--", "trained")
    saying.run(*command)
    assert cards(saying) == ["4", "5"]
