"""Steps of four twins on several cores: twin by twin, or each batch shared by processes. python -m benchmarks.ranks

Writes benchmarks/ranks.json. The first way needs no messages between cores. The second needs some for every batch norm,
for the loss and for the gradients. It is for twins that one device cannot hold.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

import torch

from benchmarks.training import TWINS, images_of, name_of
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.train.distributed import torchrun_process
from pipeline.train.twin_trainer import TwinTrainer
from twin_alignment.progress import say

STEPS = {8: 40, 32: 6}  # by side in pixels; the first is not counted


def measure(side: int, workers: int) -> float:
    """Median seconds of a step, printed by rank 0."""
    run = Run(dataset="cifar100", encoder="resnet10", width=16, batch_size=256)
    with torchrun_process() as group:
        torch.set_num_threads(1)
        images = images_of(run.batch_size * STEPS[side], side, 10, torch.device("cpu"))
        steps = TwinTrainer(run, TWINS, images, ViewRecipe(), group).steps(workers)
        moments = [time.perf_counter() for _ in islice(steps, STEPS[side])]
        median = statistics.median(b - a for a, b in pairwise(moments))
        if group.is_rank0:
            print(json.dumps({"what": name_of(run, side), "seconds": median}))
    return median


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranks", description=__doc__)
    parser.add_argument("--side", type=int, help="measure in this process: pixels of an image")
    parser.add_argument("--workers", type=int, default=1, help="twins side by side")
    parser.add_argument("--out", type=Path, default=Path("benchmarks"))
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.workers)
        return
    cores = os.cpu_count() or 1
    module = ["-m", "benchmarks.ranks"]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(cores), *module]
    ways = {
        "one core": module,
        f"{cores} cores, twin by twin": [*module, "--workers", str(cores)],
        f"{cores} cores, each batch shared": torchrun,
    }
    rows = []
    for side in STEPS:
        for way, words in ways.items():
            say(f"benchmarks: {way}, {side} px")
            command = [sys.executable, *words, "--side", str(side)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append({"way": way, **json.loads(done.stdout)})
    result = {"date": datetime.now(UTC).date().isoformat(), "torch": torch.__version__, "rows": rows}
    (options.out / "ranks.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
