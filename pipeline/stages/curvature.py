"""What the theory assumes of networks, measured on CL twins."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.data.images import load_images
from pipeline.files import write_csv
from pipeline.networks.empty import empty_network
from pipeline.progress import track
from pipeline.reporting.measured import labelled
from pipeline.settings.objective import Objective
from pipeline.theory.curvature import along_training
from pipeline.training.checkpoints import load_checkpoint
from pipeline.training.stream import Stream

if TYPE_CHECKING:
    import torch

    from pipeline.stages import Inputs, Outputs
    from pipeline.workflow.stages import CurvatureJob

CL = Objective(name="cl", function="pipeline.losses.contrastive:contrastive", labels="none")


def run(job: CurvatureJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    kinds = ("store", "subset", "checkpoints", "steps", "weights")
    of_runs = zip(job.runs, *(inputs[kind] for kind in kinds), strict=True)
    tables, surrogate = [], []
    for run, store, subset, checkpoints, steps, weights in track(of_runs, len(job.runs), "curvature"):
        images, recipe = load_images(store, subset, device)["train"], job.views[run.dataset]
        batch = next(Stream(run, images, recipe, [CL]).epoch(1))["cl"]
        network = empty_network(run, images.channels, recipe.size or images.size).to(device)
        kept = pd.read_csv(weights).query("first == 'cl' and second == 'nscl'")
        gaps = dict(zip(kept["epoch"], kept["weight_gap"], strict=True))
        trained = pd.read_csv(steps).query("objective == 'cl'")
        rates = {epoch: float(trained.loc[trained["epoch"] <= epoch, "learning_rate"].sum()) for epoch in gaps}
        state_of = partial(load_checkpoint, checkpoints, "cl")
        found = along_training(run, network, batch.view1, batch.view2, gaps, rates, state_of, job.surrogate)
        table = pd.DataFrame(map(asdict, found.curvature))
        if found.growth is not None:
            table = table.assign(**{f"growth_{name}": value for name, value in asdict(found.growth).items()})
        tables.append(labelled(run, table))
        rate = job.surrogate.rate
        rows = [{"epoch": epoch, "rate": rate, **asdict(s)} for epoch, row in found.surrogate.items() for s in row]
        surrogate.append(labelled(run, pd.DataFrame(rows)))
    write_csv(outputs["curvature"], pd.concat(tables))
    write_csv(outputs["surrogate"], pd.concat(surrogate))
