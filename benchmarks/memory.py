"""Work of a new process, whose peak memory is then read."""

import torch

from benchmarks.rates import references
from benchmarks.training import images_of, twin_steps
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe

STEPS = {f"four twins, resnet10-w16, 32 px, B = {batch}": batch for batch in (64, 256)} | {"the imports alone": 0}


def step(name: str) -> None:
    """Run the steps that a name of STEPS describes."""
    batch = STEPS[name]
    if batch:
        run = Run(dataset="cifar100", encoder="resnet10", width=16, batch_size=batch)
        device = torch.device("cpu")
        reference = references(device, batch=1, size=8, copied=1)  # takes no memory
        twin_steps(run, images_of(2 * batch, 32, 10, device), ViewRecipe(), 1, reference, with_plain=False)
