"""Train a small run in the processes that `torchrun` starts: shared_run.py FOLDER [EVENT], where the last process does
EVENT, `stop` or `die`, on its way."""

import os
import signal
import sys
from pathlib import Path

import torch

from pipeline.config.objectives import resolve
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.train.distributed import SINGLE_PROCESS, torchrun_process
from pipeline.train.twin_training import TrainingResult, train_twins
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
    """A custom objective that knows nothing of processes, and reads the whole batch."""
    return (z1 @ z2.T / temperature).exp().mean().log() - (z1 * z2).sum(1).mean() / temperature


def trained(folder: Path, images=None, group=SINGLE_PROCESS) -> TrainingResult:
    objectives = [resolve(name) for name in OBJECTIVES]
    paths = (folder / "checkpoints", folder / "state.pt")
    recipe = ViewRecipe(flip=0.0, crop_scale=(0.5, 1.0))
    images = images or four_digits()
    return train_twins(RUN, objectives, EPOCHS, images, recipe, *paths, group=group, seconds_between_saves=0.0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, event = Path(sys.argv[1]), (sys.argv[2:] or [""])[0]
    events = {"stop": lambda: os.kill(os.getpid(), signal.SIGTERM), "die": lambda: os._exit(7)}
    with torchrun_process() as group:
        images = four_digits()
        if event and group.rank == group.world_size - 1:
            images = Interruption(images, 14, events[event])  # two batches a step
        result = trained(folder, images, group)
        if group.is_rank0:
            torch.save((result.steps, result.digests), folder / "result.pt")
