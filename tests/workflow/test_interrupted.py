"""A run that was cut off goes on, and is never silently begun anew."""

import json
import signal
import subprocess
import time

import pytest

from tests.workflow.conftest import RUN, TINY
from tests.workflow.test_leaks import COMMENT, NEUTRAL, TEMPERED

LONG = RUN.replace("epochs=1", "epochs=150")


@pytest.fixture(scope="module")
def cut_off(sources, tmp_path_factory):
    """A project whose run of 150 epochs was killed on its way."""
    project = sources.copy(tmp_path_factory.mktemp("interrupted") / "twins")
    (project.path / "params.yaml").write_text(TINY.replace("epochs: 1", "epochs: 150"))
    project.pipeline("prepare", "digits")
    project.pipeline("subset", "digits/classes=4,seed=0")
    process = subprocess.Popen(
        ["python", "-m", "pipeline", "twins", LONG, "--threads", "1"],
        cwd=project.path,
        env=project.environment,
        stderr=subprocess.DEVNULL,
    )
    state = project.path / "results" / "state" / f"{LONG}.pt"
    deadline = time.monotonic() + 120
    while not state.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (project.path / "results" / "records" / "twins" / f"{LONG}.json").exists()
    return project


def test_a_changed_comment_lets_it_go_on(cut_off, tmp_path):
    project = cut_off.copy(tmp_path / "twins")
    project.edit("pipeline/losses/contrastive.py", *COMMENT)
    assert "going on after epoch" in project.pipeline("twins", LONG, "--threads", "1")
    assert "equal to the bit" in project.pipeline("replay", LONG)


def test_changed_code_is_named_and_stops_it(cut_off, tmp_path):
    project = cut_off.copy(tmp_path / "twins")
    state = project.path / "results" / "state" / f"{LONG}.pt"
    before = state.read_bytes()
    project.edit("pipeline/losses/contrastive.py", *TEMPERED)
    for command in (("python", "-m", "pipeline", "twins", LONG), ("snakemake", "--cores", "1", "trained")):
        output = project.run(*command, check=False)
        assert f"{LONG} was begun from something else (code: pipeline.losses.contrastive)" in output
    assert "today's code does not make this run" in project.pipeline("replay", LONG, check=False)
    assert state.read_bytes() == before  # nothing was lost
    project.pipeline("remake", LONG)
    assert not state.exists()


def test_it_goes_on_by_other_code_after_a_replay(cut_off, tmp_path):
    project = cut_off.copy(tmp_path / "twins")
    project.edit("pipeline/losses/contrastive.py", *NEUTRAL)
    answer = project.pipeline("replay", LONG, "--steps", "4")
    assert "4 steps of 2 twins after epoch 0: equal to the bit; kept" in answer
    assert "going on after epoch" in project.pipeline("twins", LONG, "--threads", "1")
    record = json.loads((project.path / "results" / "records" / "twins" / f"{LONG}.json").read_text())
    assert record["kept"][0]["compared"][0]["steps"] == 4


def test_one_more_objective_is_no_other_run(finished, tmp_path):
    project = finished.copy(tmp_path / "twins")
    project.edit("params.yaml", "[cl, nscl]", "[cl, nscl, ce]")
    assert "twins" in project.planned("trained")
    before = {path.name: path.read_bytes() for path in (project.path / "results").rglob("cl-epoch0001.safetensors")}
    project.run("snakemake", "--cores", "2", "--quiet", "all", "--", "trained")
    after = {path.name: path.read_bytes() for path in (project.path / "results").rglob("cl-epoch0001.safetensors")}
    assert after == before
    assert len(list((project.path / "results" / "checkpoints").rglob("ce-epoch0001.safetensors"))) == 2
