"""An interrupted run resumes, is set aside with a sentence where it cannot, and is never trained twice by mistake."""

import errno
import os
import signal
import subprocess
import time

import pytest
from filelock import FileLock

from pipeline.config.base import SettingsError
from pipeline.jobs.chain import STAGES
from pipeline.jobs.runner import make
from pipeline.jobs.task import task_of
from pipeline.stages import twins
from tests.waiting import wait_for
from tests.workflow.conftest import LAYOUT, RUN, planned_here, prepared_for

PLACE = LAYOUT.place(STAGES["twins"], RUN)
CHECKPOINT = "cl-epoch0000.safetensors"


@pytest.fixture
def interrupted(project, monkeypatch):
    """The task of a run whose disk was full after its first checkpoint, and a call that fails so again."""
    monkeypatch.chdir(project.path)
    seen = []

    def full(job, inputs, outputs, *, state, origin):
        seen.append(state.is_file())
        outputs["checkpoints"].mkdir(exist_ok=True)
        (outputs["checkpoints"] / CHECKPOINT).write_text("kept")
        state.write_text("which needs it")
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(twins, "run", full)
    project.pipeline("remake", RUN)

    def attempt():
        with pytest.raises(OSError, match="no space"):
            make(task_of("twins", RUN, *planned_here()))
        return seen[-1]

    assert not attempt()
    return attempt


def test_a_full_disk_leaves_what_the_next_attempt_resumes_from(interrupted):
    assert (PLACE.unfinished / "result" / "checkpoints" / CHECKPOINT).read_text() == "kept"
    assert (PLACE.unfinished / "state.pt").read_text() == "which needs it"
    assert interrupted()


def test_the_state_of_another_version_is_set_aside_with_a_sentence(interrupted, monkeypatch, capsys):
    monkeypatch.setitem(vars(STAGES["twins"]), "version", -1)
    assert not interrupted()
    assert f"{RUN}: its state has other settings, code or data, and was moved to" in capsys.readouterr().err
    (aside,) = PLACE.unfinished.parent.glob(f"{PLACE.unfinished.name}.*/state.pt")
    assert aside.read_text() == "which needs it"


def test_a_run_is_trained_by_one_process_at_a_time(interrupted):
    with (
        FileLock(PLACE.unfinished.with_name(f"{PLACE.unfinished.name}.lock")),
        pytest.raises(SettingsError, match="another process computes it"),
    ):
        make(task_of("twins", RUN, *planned_here()))
    assert interrupted()  # a released lock holds nothing


@pytest.mark.parametrize("reason", ["forced", pytest.param("deleted", marks=pytest.mark.long)])
def test_a_finished_run_that_is_planned_again_is_not_trained_again(project, reason):
    """Snakemake deletes the declared file of a job before it starts it."""
    folder = project.folder("twins", RUN)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    digests = folder.with_name(f"{folder.name}.sha256")
    listed = digests.read_bytes()
    if reason == "deleted":
        digests.unlink()
    forced = ["--forcerun", "twins"] if reason == "forced" else []
    output = project.run("snakemake", "--cores", "1", *forced, "--", str(PLACE.digests))
    assert f"{RUN}: finished already" in output
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before
    assert digests.read_bytes() == listed
    assert project.planned() == set()


@pytest.mark.long
def test_a_run_is_trained_again_after_remake(project):
    command = ("snakemake", "--cores", "1", "--forcerun", str(PLACE.digests))
    assert f"snakemake --cores all --forcerun {PLACE.digests}" in project.pipeline("remake", RUN)
    assert "finished already" not in project.run(*command, "--", str(PLACE.digests))
    assert project.stale("--deep") == []


@pytest.mark.long
def test_ctrl_c_in_snakemake_keeps_what_the_run_resumes_from(sources, tmp_path):
    project = prepared_for(sources, tmp_path, 60)
    run = RUN.replace("epochs=1", "epochs=60")
    place = LAYOUT.place(STAGES["twins"], run)
    first = project.path / place.unfinished / "result" / "checkpoints" / CHECKPOINT
    snakemake = project.start(
        *("snakemake", "--cores", "1", str(place.digests)),
        stderr=subprocess.PIPE,
        start_new_session=True,  # a terminal sends Ctrl-C to all processes of a group: to `tee` too
    )
    wait_for(first, snakemake)
    time.sleep(0.5)
    os.killpg(snakemake.pid, signal.SIGINT)
    errors = snakemake.communicate(timeout=120)[1]
    assert snakemake.returncode != 0
    assert f"{run}: stopped after epoch" in errors
    assert (project.path / place.unfinished / "state.pt").is_file()
    assert first.is_file()
    assert "resuming after epoch" in project.pipeline("twins", run, "--threads", "1")


@pytest.mark.long
def test_another_objective_changes_no_byte_of_the_others(project):
    project.edit("params.yaml", "[cl, nscl]", "[cl, nscl, ce]")
    assert "twins" in project.planned("trained")
    results = project.path / "results"
    before = {path.name: path.read_bytes() for path in results.rglob("cl-epoch0001.safetensors")}
    project.run("snakemake", "--cores", "2", "--quiet", "all", "--", "trained")
    assert {path.name: path.read_bytes() for path in results.rglob("cl-epoch0001.safetensors")} == before
    assert len(list((results / "runs").rglob("ce-epoch0001.safetensors"))) == 2


def test_a_stage_whose_reader_is_gone_does_not_say_that_it_is_done(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    reader, writer = os.pipe()
    os.close(reader)
    command = ["python", "-m", "pipeline", "prepare", "digits"]
    status = subprocess.run(command, cwd=project.path, env=project.environment, stderr=writer, check=False).returncode
    os.close(writer)
    assert (status == 0) == (project.path / "results" / "data" / "digits" / "record.json").is_file()
