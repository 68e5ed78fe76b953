"""A full disk: a sentence, and nothing that was there is lost. A limit on the size of files stands in for it."""

import resource
import shutil
import subprocess
from collections import namedtuple

import pytest

from pipeline.config.base import SettingsError
from pipeline.jobs.space import check_space
from pipeline.jobs.task import task_of
from tests.workflow.conftest import RUN, planned_here

Usage = namedtuple("Usage", "total used free")


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "most", "named"),
    [
        (("prepare", "digits"), 20_000, "train_images.npy"),
        (("twins", RUN), 10_000, ".safetensors"),
        (("measure", RUN), 1_000, "results/unfinished/measures"),
    ],
)
def test_it_is_a_sentence_with_the_file(project, words, most, named):
    if words[0] == "twins":
        project.pipeline("remake", RUN)
    rooms = [project.path / "results" / kind for kind in ("data", "runs", "measures")]
    before = {path: path.read_bytes() for room in rooms for path in room.rglob("*") if path.is_file()}
    done = subprocess.run(
        ["python", "-m", "pipeline", *words],
        cwd=project.path,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert named in last
    assert "large" in last  # as systems describe this limit
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in before} == before
    project.pipeline(*words)
    assert not any(line.startswith(f"{words[0]} ") for line in project.stale("--deep"))


def test_room_is_asked_for_before_anything_starts(finished, monkeypatch):
    monkeypatch.chdir(finished.path)
    run = task_of("twins", RUN, *planned_here())
    check_space(run)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100_000, 0, 100_000))
    with pytest.raises(
        SettingsError, match=rf"results: expected \d.\d\d MB of free space for twins of {RUN}, got 0.\d\d MB"
    ):
        check_space(run)
