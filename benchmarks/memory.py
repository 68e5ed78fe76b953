"""What a process of its own does, whose peak memory is then read."""

import torch

from benchmarks.training import Rates, images_of, twin_steps
from pipeline.settings.run import Run
from pipeline.settings.views import ViewRecipe

STEPS = {f"four twins, resnet10-w16, 32 px, B = {batch}": batch for batch in (64, 256)} | {"the imports alone": 0}


def step(name: str) -> None:
    batch = STEPS[name]
    if batch:
        run = Run(dataset="cifar100", encoder="resnet10", width=16, batch_size=batch)
        images = images_of(2 * batch, 32, 10, torch.device("cpu"))
        twin_steps(run, images, ViewRecipe(), 1, Rates(1.0, 1.0), beside=False)
