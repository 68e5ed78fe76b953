"""A small run, trained by the processes that `torchrun` starts: shared_run.py FOLDER [WHAT], where the last of them
does WHAT, `stop` or `die`, on its way."""

import os
import signal
import sys
from pathlib import Path

import torch

from pipeline.config.objectives import resolve
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.train.ranks import ALONE, processes
from pipeline.train.twin_training import Twins, train_twins
from tests.conftest import four_digits
from tests.train.interruption import Interruption

RUN = Run(
    dataset="digits",
    encoder="resnet10",
    width=4,
    projection=8,
    batch_size=32,
    epochs=3,
    warmup_epochs=1,
    max_grad_norm=1.0,
    view_pairs="all",
)
OBJECTIVES = ("cl", "nscl", "scl", "ce", "nscl_partial_75", "cl_independent", f"{__file__}:loss")
EPOCHS = (1, 3)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node")


def loss(z1, z2, labels, temperature):
    """An objective of one's own that knows nothing of processes, and looks at the whole batch."""
    return (z1 @ z2.T / temperature).exp().mean().log() - (z1 * z2).sum(1).mean() / temperature


def trained(folder: Path, images=None, ranks=ALONE) -> Twins:
    objectives = [resolve(name) for name in OBJECTIVES]
    where = (folder / "checkpoints", folder / "state.pt")
    recipe = ViewRecipe(flip=0.0, crop_scale=(0.5, 1.0))
    images = images or four_digits()
    return train_twins(RUN, objectives, EPOCHS, images, recipe, *where, ranks=ranks, seconds_between_saves=0.0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, what = Path(sys.argv[1]), (sys.argv[2:] or [""])[0]
    ways = {"stop": lambda: os.kill(os.getpid(), signal.SIGTERM), "die": lambda: os._exit(7)}
    with processes() as ranks:
        images = four_digits()
        if what and ranks.rank == ranks.count - 1:
            images = Interruption(images, 14, ways[what])  # two batches a step
        found = trained(folder, images, ranks)
        if ranks.first:
            torch.save((found.steps, found.digests), folder / "found.pt")
