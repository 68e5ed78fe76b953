"""A run that was cut off goes on, and is never silently begun anew."""

import errno
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.config.params import read_params
from pipeline.jobs.chain import STAGES
from pipeline.jobs.runner import make
from pipeline.jobs.task import task
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.stages import twins
from tests.waiting import wait_for
from tests.workflow.conftest import RUN, TINY
from tests.workflow.test_leaks import COMMENT

LONG = RUN.replace("epochs=1", "epochs=150")
LAYOUT = Layout(Path("results"), Path("reports"))
STATE_OF_LONG = LAYOUT.place(STAGES["twins"], LONG).unfinished / "state.pt"


def ready(sources, tmp_path_factory, epochs):
    """A project whose run of so many epochs can be trained at once."""
    project = sources.copy(tmp_path_factory.mktemp("interrupted") / "twins")
    (project.path / "params.yaml").write_text(TINY.replace("epochs: 1", f"epochs: {epochs}"))
    project.pipeline("prepare", "digits")
    project.pipeline("subset", "digits/classes=4,seed=0")
    return project


@pytest.fixture(scope="module")
def cut_off(sources, tmp_path_factory):
    """A project whose run of 150 epochs was killed on its way."""
    project = ready(sources, tmp_path_factory, 150)
    process = project.start("python", "-m", "pipeline", "twins", LONG, "--threads", "1", stderr=subprocess.DEVNULL)
    wait_for(project.path / STATE_OF_LONG, process)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not project.folder("twins", LONG).exists()
    return project


@pytest.mark.long
def test_a_changed_comment_lets_it_go_on(cut_off, tmp_path):
    project = cut_off.copy(tmp_path / "twins")
    project.edit("twin_alignment/losses/contrastive.py", *COMMENT)
    assert "resuming after epoch" in project.pipeline("twins", LONG, "--threads", "1")


def test_of_another_version_its_state_is_set_aside_and_it_starts_with_a_sentence(cut_off, tmp_path):
    project = cut_off.copy(tmp_path / "twins")
    before = (project.path / STATE_OF_LONG).read_bytes()
    project.edit("pipeline/stages/twins.py", "VERSION = ", "VERSION = 1")
    process = project.start("python", "-m", "pipeline", "twins", LONG, "--threads", "1", stderr=subprocess.PIPE)
    aside = (project.path / STATE_OF_LONG).parent
    kept = aside.with_name(f"{aside.name}.set_aside") / "state.pt"
    wait_for(kept, process)
    wait_for(project.path / STATE_OF_LONG, process)
    process.kill()
    said = process.communicate()[1]
    assert f"{LONG}: its state is of other settings, code or data, and is set aside as" in said
    assert "resuming" not in said
    assert kept.read_bytes() == before


@pytest.mark.long
def test_one_more_objective_is_no_other_run(finished, tmp_path):
    project = finished.copy(tmp_path / "twins")
    project.edit("params.yaml", "[cl, nscl]", "[cl, nscl, ce]")
    assert "twins" in project.planned("trained")
    before = {path.name: path.read_bytes() for path in (project.path / "results").rglob("cl-epoch0001.safetensors")}
    project.run("snakemake", "--cores", "2", "--quiet", "all", "--", "trained")
    after = {path.name: path.read_bytes() for path in (project.path / "results").rglob("cl-epoch0001.safetensors")}
    assert after == before
    assert len(list((project.path / "results" / "runs").rglob("ce-epoch0001.safetensors"))) == 2


@pytest.fixture(scope="module")
def prepared(sources, tmp_path_factory):
    """A project whose run of 60 epochs can be trained at once."""
    return ready(sources, tmp_path_factory, 60)


SHORT = RUN.replace("epochs=1", "epochs=60")
PLACE = LAYOUT.place(STAGES["twins"], SHORT)
FIRST = PLACE.unfinished / "result" / "checkpoints" / "cl-epoch0000.safetensors"
STATE = PLACE.unfinished / "state.pt"


def test_ctrl_c_in_snakemake_keeps_all_that_the_run_goes_on_from(prepared, tmp_path):
    project = prepared.copy(tmp_path / "twins")
    snakemake = project.start(
        *("snakemake", "--cores", "1", str(PLACE.digests)),
        stderr=subprocess.PIPE,
        start_new_session=True,  # a terminal sends Ctrl-C to all processes of a group: to `tee` too
    )
    wait_for(project.path / FIRST, snakemake)
    time.sleep(0.5)
    os.killpg(snakemake.pid, signal.SIGINT)
    said = snakemake.communicate(timeout=120)[1]
    assert snakemake.returncode != 0
    assert f"{SHORT}: stopped after epoch" in said
    assert (project.path / STATE).is_file()
    assert (project.path / FIRST).is_file()
    assert "resuming after epoch" in project.pipeline("twins", SHORT, "--threads", "1")


def test_a_run_is_trained_by_one_process_at_a_time(prepared, tmp_path):
    project = prepared.copy(tmp_path / "twins")
    command = ["python", "-m", "pipeline", "twins", SHORT, "--threads", "1"]
    first = project.start(*command, stderr=subprocess.DEVNULL)
    wait_for(project.path / FIRST, first)
    second = project.run(*command, check=False)
    assert first.poll() is None
    first.kill()
    first.wait()
    assert f"error: {SHORT}: another process makes it" in second
    assert "Traceback" not in second
    project.run(*command)  # the dead one holds nothing


def test_a_disk_that_fills_while_a_run_trains_leaves_what_its_state_needs(prepared, tmp_path, monkeypatch):
    project = prepared.copy(tmp_path / "twins")
    monkeypatch.chdir(project.path)

    def full(job, inputs, outputs, *, state, origin):
        outputs["checkpoints"].mkdir()
        (outputs["checkpoints"] / FIRST.name).write_text("kept")
        state.write_text("which needs it")
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(twins, "run", full)
    with pytest.raises(OSError, match="no space"):
        make(task("twins", SHORT, plan(read_params(Path("params.yaml"))), LAYOUT))
    assert (FIRST.read_text(), STATE.is_file()) == ("kept", True)


def test_a_stage_that_nobody_listens_to_does_not_say_that_it_is_done(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    reader, writer = os.pipe()
    os.close(reader)
    command = ["python", "-m", "pipeline", "prepare", "digits"]
    status = subprocess.run(command, cwd=project.path, env=project.environment, stderr=writer, check=False).returncode
    os.close(writer)
    assert (status == 0) == (project.path / "results" / "data" / "digits" / "record.json").is_file()


@pytest.mark.parametrize("reason", ["forced", "deleted"])
def test_a_finished_run_that_is_planned_again_is_not_trained_again(project, reason):
    """For whatever reason: Snakemake deletes the declared file of a job before it starts it."""
    folder = project.folder("twins", RUN)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    digests = folder.with_name(f"{folder.name}.sha256")
    listed = digests.read_bytes()
    target = str(digests.relative_to(project.path))
    if reason == "deleted":
        digests.unlink()
    forced = ["--forcerun", "twins"] if reason == "forced" else []
    command = ["snakemake", "--cores", "1", *forced, "--", target]
    assert f"{RUN}: finished already" in project.run(*command)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before
    assert digests.read_bytes() == listed
    assert project.planned() == set()
    said = project.pipeline("remake", RUN)
    assert f"snakemake --cores all --forcerun {target}" in said
    assert "finished already" not in project.run("snakemake", "--cores", "1", "--forcerun", target, "--", target)
    project.pipeline("verify", "--deep")
