"""Processes beside each other on a machine with several cards; the cards are names here, and no card is needed."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.system.gpu_locks import VISIBLE, visible_cards

STAYS = """
import os, sys
from pipeline.system.gpu_locks import VISIBLE, choose_cards
choose_cards(int(sys.argv[1]))
print(os.environ[VISIBLE], flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).parents[1]


@pytest.fixture
def start(tmp_path):
    """Starts a process that chooses cards of these, and lives until it is killed; gives it and its choice."""
    with ExitStack() as alive:

        def started(cards, wanted=1):
            process = subprocess.Popen(
                [sys.executable, "-c", STAYS, str(wanted)],
                cwd=ROOT,
                env={**os.environ, VISIBLE: cards, "TMPDIR": str(tmp_path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            alive.callback(process.communicate)
            alive.callback(process.kill)
            return process, process.stdout.readline().strip()

        yield started


def test_processes_beside_each_other_take_different_cards_and_share_evenly_where_there_are_too_few(start):
    (first, chosen), *others = [start("0,GPU-1,MIG-2/3/4") for _ in range(6)]
    choices = [chosen, *(choice for _, choice in others)]
    assert sorted(choices[:3]) == sorted(choices[3:]) == ["0", "GPU-1", "MIG-2/3/4"]
    first.kill()
    first.wait()
    assert start("0,GPU-1,MIG-2/3/4")[1] == chosen  # the dead one holds nothing


def test_a_job_may_take_several(start):
    assert [start("0,1,2", wanted)[1] for wanted in (2, 2, 3)] == ["0,1", "2,0", "0,1,2"]


def test_the_only_card_and_none_are_left_as_they_are(start, tmp_path):
    for cards in ("1", "", "GPU-1,"):  # as Slurm gives one
        assert [start(cards)[1] for _ in range(2)] == [cards, cards]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "found"), [(0, ["GPU-1", "GPU-2"]), (9, [])])
def test_where_nobody_said_which_the_machine_is_asked(monkeypatch, tmp_path, status, found):
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\nprintf 'GPU-1\\nGPU-2\\n'\nexit {status}\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_cards() == found
