"""A disk without room: a sentence, and nothing that was there is lost. A limit on the size of files stands for it."""

import resource
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from pipeline.config.base import SettingsError
from pipeline.config.params import read_params
from pipeline.jobs.space import check_space
from pipeline.jobs.task import task
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from tests.workflow.conftest import RUN

Usage = namedtuple("Usage", "total used free")


def limited(project, most, *words):
    """Exit status and errors of a command that can write no file of more bytes."""
    done = subprocess.run(
        ["python", "-m", "pipeline", *words],
        cwd=project.path,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("words", "most", "named"),
    [
        (("prepare", "digits"), 20_000, "train_images.npy"),
        pytest.param(("twins", RUN), 10_000, ".safetensors", marks=pytest.mark.long),
        pytest.param(("measure", RUN), 1_000, ".csv", marks=pytest.mark.long),
    ],
)
def test_it_is_a_sentence_with_the_file(project, words, most, named):
    if words[0] == "twins":
        project.pipeline("remake", RUN)
    rooms = [project.path / "results" / kind for kind in ("data", "runs", "measures")]
    before = {path: path.read_bytes() for room in rooms for path in room.rglob("*") if path.is_file()}
    status, errors = limited(project, most, *words)
    assert status == 2, errors
    last = errors.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert named in last
    assert "large" in last  # as systems say it of this limit
    assert "Traceback" not in errors
    assert {path: path.read_bytes() for path in before} == before
    project.pipeline(*words)
    assert f"{words[0]} " not in project.pipeline("verify", "--deep", check=False)


def test_room_is_asked_for_before_anything_starts(project, monkeypatch):
    monkeypatch.chdir(project.path)
    one = task("twins", RUN, plan(read_params(Path("params.yaml"))), Layout(Path("results"), Path("reports")))
    check_space(one)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100_000, 0, 100_000))
    with pytest.raises(SettingsError, match=rf"results: 0.\d\d MB are free, and twins of {RUN} needs \d.\d\d MB"):
        check_space(one)


def test_a_file_where_a_folder_should_be_is_named(project):
    shutil.rmtree(project.path / "results" / "measures")
    (project.path / "results" / "measures").write_text("")
    output = project.pipeline("measure", RUN, check=False)
    assert "error: " in output
    assert "results/measures" in output
    assert "Traceback" not in output
