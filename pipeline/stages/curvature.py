"""Measure on a run's CL twin what the theory assumes of networks."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.objectives import resolve as objective_of
from pipeline.config.run import Run
from pipeline.config.theory_settings import SurrogateSettings
from pipeline.config.view_settings import Views
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    import torch

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again
THEORY = ("twin_alignment/theory", "twin_alignment/losses", "pipeline/models", "pipeline/evaluate")


class CurvatureJob(Settings):
    run: Run
    checkpoints: tuple[int, ...]
    views: Views
    surrogate: SurrogateSettings


def job_of(plan: Plan, name: str) -> CurvatureJob:
    run, request = plan.trained(name, "cl")
    views, surrogate = plan.dataset(run.dataset).views, plan.params.theory.surrogate
    return CurvatureJob(run=run, checkpoints=request.checkpoints, views=views, surrogate=surrogate)


def run(job: CurvatureJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    import pandas as pd

    from pipeline.datasets.images import load_images
    from pipeline.evaluate.surrogate_curvature import along_training
    from pipeline.models.empty import empty_network
    from pipeline.system.files import write_csv
    from pipeline.train.checkpoints import load_checkpoint
    from pipeline.train.stream import Stream

    run = job.run
    images = load_images(inputs["store"][0], inputs["subset"][0], device)["train"]
    batch = next(Stream(run, images, job.views, [objective_of("cl")]).epoch(1))["cl"]
    network = empty_network(run, images.channels, job.views.size or images.size).to(device)
    trained = pd.read_csv(inputs["steps"][0]).query("objective == 'cl'")
    rates = {e: float(trained.loc[trained["epoch"] <= e, "learning_rate"].sum()) for e in job.checkpoints}
    state_of = partial(load_checkpoint, inputs["checkpoints"][0], "cl")
    measured = along_training(run, network, batch.view1, batch.view2, rates, state_of, job.surrogate)
    write_csv(outputs["curvature"], pd.DataFrame(map(asdict, measured.curvature)))
    rate = job.surrogate.rate
    rows = [
        {"epoch": epoch, "rate": rate, **asdict(step)} for epoch, steps in measured.surrogate.items() for step in steps
    ]
    write_csv(outputs["surrogate"], pd.DataFrame(rows))


STAGE = Stage(
    "curvature",
    job_of,
    {kind: f"{kind}.csv" for kind in ("curvature", "surrogate")},
    folder="measures/curvature",
    reads=lambda job: {**job.run.network_inputs, "steps": [job.run.name]},
    modules=lambda job: [module_of(job.run.encoder), *job.views.files],
    watches=THEORY,
    uses_device=True,
    subject="run",
    subjects=lambda plan: plan.names_of("trajectory"),
)
