"""Killed at any moment, a stage made again gives the bytes of one that never was: 1,000 kills and more."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.jobs.task import tasks_of
from tests.workflow.artefacts import content
from tests.workflow.conftest import planned_here
from tests.workflow.faults.killed import kill, run

pytestmark = pytest.mark.long


def test_every_stage_gives_the_same_bytes(sources, finished, tmp_path, monkeypatch):
    chance = random.Random(0)
    project = sources.copy(tmp_path / "twins")
    monkeypatch.chdir(project.path)
    every = list(tasks_of(*planned_here()))
    times = 1 + 1000 // len(every)
    took = {}  # seconds, by stage
    for one in every:
        words = tuple(filter(None, (one.stage.name, one.subject, "--threads", "1")))
        most, kills = took.get(one.stage.name, 1.0), 0
        while kills < times:  # one that ended before it was killed tells how long to wait at most
            kills, most = (kills + 1, most) if kill(project.path, words, most, chance) else (kills, most * 0.9)
        took[one.stage.name] = run(project.path, words)
    assert content(project) == content(finished)
    assert not [path for path in Path("results").rglob(".*.[0-9]*") if path.is_file()]


def test_so_does_snakemake(sources, finished, tmp_path):
    chance, kills = random.Random(1), 0
    project = sources.copy(tmp_path / "twins")
    while kills < 15:
        process = project.start(
            *("snakemake", "--cores", "2", "all"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(3, 20))
        if process.poll() is None:
            os.killpg(process.pid, chance.choice([signal.SIGKILL, signal.SIGTERM]))
            kills += 1
        process.wait()
        project.run("snakemake", "--unlock")
    project.run("snakemake", "--cores", "2", "--rerun-incomplete", "all")
    assert content(project) == content(finished)
