"""CL's loss less NSCL's loss on a run's trained networks, beside its bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.datasets.images import load_images
from pipeline.evaluate.network_loss_gap import network_loss_gap, two_views
from pipeline.models.empty import empty_network
from pipeline.system.files import write_csv
from pipeline.train.checkpoints import load_checkpoint
from twin_alignment.theory.loss_gap_bound import loss_gap_bound

if TYPE_CHECKING:
    import torch

    from pipeline.jobs.declared import LossGapJob
    from pipeline.stages import Inputs, Outputs

VERSION = 1  # raised when these numbers change: results of another VERSION are made again


def run(job: LossGapJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    """All training images at once, two views of each, networks of the last epoch."""
    run, recipe = job.run, job.views
    images = load_images(inputs["store"][0], inputs["subset"][0], device)["train"]
    views = two_views(images, recipe, run.seed)
    bound = loss_gap_bound(int(images.labels.bincount().max()), len(images), run.temperature)
    network = empty_network(run, images.channels, recipe.size or images.size).to(device)
    rows = []
    for objective in ("cl", "nscl"):
        network.load_state_dict(load_checkpoint(inputs["checkpoints"][0], objective, run.epochs))
        gap = network_loss_gap(network, views, images.labels, run.temperature)
        rows.append({"objective": objective, "images": len(images), "gap": gap, "bound": bound})
    write_csv(outputs["loss_gap"], pd.DataFrame(rows))
