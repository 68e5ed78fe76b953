"""Concurrent jobs on a machine with several GPUs; the GPUs are names here, and none is needed."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from pipeline.system.gpu_locks import VISIBLE, visible_devices

JOB = """
import os, sys
from pipeline.system.gpu_locks import VISIBLE, select_gpus
select_gpus(int(sys.argv[1]))
print(os.environ[VISIBLE], flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(tmp_path):
    """Start a job that selects some of these GPUs and lives until the end of the test; return it and its selection."""
    with ExitStack() as alive:

        def started(devices, number=1):
            process = subprocess.Popen(
                [sys.executable, "-c", JOB, str(number)],
                cwd=ROOT,
                env={**os.environ, VISIBLE: devices, "TMPDIR": str(tmp_path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            alive.callback(process.communicate)
            alive.callback(process.kill)
            return process, process.stdout.readline().strip()

        yield started


def test_concurrent_jobs_take_different_gpus_and_share_evenly_if_there_are_too_few(start):
    (first, selected), *others = [start("0,GPU-1,MIG-2/3") for _ in range(6)]
    selections = [selected, *(selection for _, selection in others)]
    assert sorted(selections[:3]) == sorted(selections[3:]) == ["0", "GPU-1", "MIG-2/3"]
    first.kill()
    first.wait()
    assert start("0,GPU-1,MIG-2/3")[1] == selected  # a dead job holds nothing


def test_a_job_may_take_several_gpus(start):
    assert [start("0,1,2", number)[1] for number in (2, 2, 3)] == ["0,1", "2,0", "0,1,2"]


@pytest.mark.parametrize("devices", ["1", "", "GPU-1,"])
def test_a_single_gpu_or_none_stays_as_slurm_gave_it(start, tmp_path, devices):
    assert start(devices)[1] == devices
    assert list(tmp_path.iterdir()) == []


def test_without_the_variable_all_gpus_of_the_machine_are_visible(monkeypatch):
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert visible_devices() == ["0", "1"]
