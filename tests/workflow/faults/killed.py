"""Commands of the pipeline in processes that are killed.

They are forked from one that has imported all that stages need, so that a thousand of them take minutes.
"""

import importlib
import os
import random
import signal
import sys
import time
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import twin_alignment.torchvision_shim  # noqa: F401  (before libraries that import torchvision)
from pipeline.__main__ import main
from pipeline.jobs.chain import STAGES
from pipeline.train import twin_training as twins

for stage in STAGES:
    importlib.import_module(f"pipeline.stages.{stage}")

FORKED = get_context("forkserver")
FORKED.set_forkserver_preload([__name__])


def command(folder: Path, words: tuple[str, ...]) -> None:
    """Run a command in a folder; training keeps its state after every step."""
    os.chdir(folder)
    twins.MAX_SHARE_OF_SAVES = float("inf")
    training = importlib.import_module("pipeline.stages.twins")
    training.train_twins = partial(twins.train_twins, seconds_between_saves=0.0)
    with Path("output.txt").open("a") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    sys.exit(main(list(words)))


def run(folder: Path, words: tuple[str, ...]) -> float:
    """Return the seconds that a command took to its end; it must succeed."""
    started = time.monotonic()
    process = FORKED.Process(target=command, args=(folder, words))
    process.start()
    process.join()
    assert process.exitcode == 0, (words, (folder / "output.txt").read_text()[-2000:])
    return time.monotonic() - started


def kill(folder: Path, words: tuple[str, ...], most: float, chance: random.Random) -> bool:
    """Start a command and kill it, by SIGKILL or SIGTERM, after up to `most` seconds; return whether it still ran."""
    process = FORKED.Process(target=command, args=(folder, words))
    process.start()
    time.sleep(chance.uniform(0, most))
    running = process.exitcode is None
    if running:
        os.kill(process.pid, chance.choice([signal.SIGKILL, signal.SIGTERM]))
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM), words
    return running
