"""What the theory assumes of networks, measured on a run's CL twin."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.config.objective_settings import Objective
from pipeline.datasets.images import load_images
from pipeline.evaluate.surrogate_curvature import along_training
from pipeline.models.empty import empty_network
from pipeline.system.files import write_csv
from pipeline.train.checkpoints import load_checkpoint
from pipeline.train.stream import Stream

if TYPE_CHECKING:
    import torch

    from pipeline.jobs.declared import CurvatureJob
    from pipeline.stages import Inputs, Outputs

VERSION = 1  # raised when these numbers change: results of another VERSION are made again

CL = Objective(name="cl", function="twin_alignment.losses.contrastive:contrastive", labels="none")


def run(job: CurvatureJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    run = job.run
    images = load_images(inputs["store"][0], inputs["subset"][0], device)["train"]
    batch = next(Stream(run, images, job.views, [CL]).epoch(1))["cl"]
    network = empty_network(run, images.channels, job.views.size or images.size).to(device)
    trained = pd.read_csv(inputs["steps"][0]).query("objective == 'cl'")
    rates = {e: float(trained.loc[trained["epoch"] <= e, "learning_rate"].sum()) for e in job.checkpoints}
    state_of = partial(load_checkpoint, inputs["checkpoints"][0], "cl")
    found = along_training(run, network, batch.view1, batch.view2, rates, state_of, job.surrogate)
    write_csv(outputs["curvature"], pd.DataFrame(map(asdict, found.curvature)))
    rate = job.surrogate.rate
    rows = [{"epoch": epoch, "rate": rate, **asdict(step)} for epoch, own in found.surrogate.items() for step in own]
    write_csv(outputs["surrogate"], pd.DataFrame(rows))
