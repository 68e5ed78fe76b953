"""Measure how much larger CL's loss is than NSCL's on a run's trained networks, and the bound on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.run import Run
from pipeline.config.view_settings import Views
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.stages.curvature import THEORY
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    import torch

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again


class LossGapJob(Settings):
    run: Run
    views: Views


def job_of(plan: Plan, name: str) -> LossGapJob:
    run, _ = plan.trained(name, "cl", "nscl")
    return LossGapJob(run=run, views=plan.dataset(run.dataset).views)


def run(job: LossGapJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    """Take all training images at once, two views of each, and the networks of the last epoch."""
    import pandas as pd

    from pipeline.datasets.images import load_images
    from pipeline.evaluate.network_loss_gap import network_loss_gap, two_views
    from pipeline.models.empty import empty_network
    from pipeline.system.files import write_csv
    from pipeline.train.checkpoints import load_checkpoint
    from twin_alignment.theory.loss_gap_bound import loss_gap_bound

    run = job.run
    images = load_images(inputs["store"][0], inputs["subset"][0], device)["train"]
    views = two_views(images, job.views, run.seed)
    bound = loss_gap_bound(int(images.labels.bincount().max()), len(images), run.temperature)
    network = empty_network(run, images.channels, job.views.size or images.size).to(device)
    rows = []
    for objective in ("cl", "nscl"):
        network.load_state_dict(load_checkpoint(inputs["checkpoints"][0], objective, run.epochs))
        gap = network_loss_gap(network, views, images.labels, run.temperature)
        rows.append({"objective": objective, "images": len(images), "gap": gap, "bound": bound})
    write_csv(outputs["loss_gap"], pd.DataFrame(rows))


STAGE = Stage(
    "loss_gap",
    job_of,
    {"loss_gap": "loss_gap.csv"},
    folder="measures/loss_gap",
    reads=lambda job: job.run.network_inputs,
    modules=lambda job: [module_of(job.run.encoder), *job.views.files],
    watches=THEORY,
    uses_device=True,
    subject="run",
    subjects=lambda plan: plan.names_of("classes", "temperature"),
)
