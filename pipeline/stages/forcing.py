"""Measure how the gradients of the other objectives push CL's representation, along CL's training."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.objective_settings import Objective
from pipeline.config.objectives import resolve as objective_of
from pipeline.config.run import Run
from pipeline.config.theory_settings import ForcingSettings
from pipeline.config.view_settings import Views
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.reporting.figures import FIGURES
from pipeline.stages.curvature import THEORY
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    import pandas as pd
    import torch

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again


class ForcingJob(Settings):
    run: Run
    objectives: tuple[Objective, ...]
    checkpoints: tuple[int, ...]
    checkpoint_steps: tuple[int, ...]
    views: Views
    forcing: ForcingSettings


def job_of(plan: Plan, name: str) -> ForcingJob:
    run, request = plan.trained(name, "cl")
    return ForcingJob(
        run=run,
        objectives=request.objectives,
        checkpoints=request.checkpoints,
        checkpoint_steps=request.steps,
        views=plan.dataset(run.dataset).views,
        forcing=plan.params.theory.forcing,
    )


def predicted_runs(plan: Plan) -> list[str]:
    """Return the runs that the figure `prediction` shows."""
    figure = FIGURES["prediction"]
    needed = set(figure.experiments) <= set(plan.experiments)
    runs = plan.runs_of(*figure.experiments, *figure.optional) if needed else ()
    return [run.name for run in runs if "cl" in plan.requests[run].names]


def run(job: ForcingJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    from pipeline.system.files import write_csv

    write_csv(outputs["forcing"], forcing_table(job, inputs, device))


def forcing_table(job: ForcingJob, inputs: Inputs, device: torch.device) -> pd.DataFrame:
    """Return a row for each of CL's checkpoints and each objective that is trained on its batches and views."""
    import pandas as pd

    from pipeline.datasets.images import load_images
    from pipeline.evaluate.gradient_forcing import Forcing, ForcingRow, forced_objectives
    from pipeline.models.empty import empty_network
    from pipeline.train.checkpoints import kept_files, load_weights
    from pipeline.train.schedule import learning_rates, path_length
    from pipeline.train.stream import Stream
    from twin_alignment.progress import track

    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, cl = splits["train"], objective_of("cl")
    objectives = forced_objectives(job.run, job.objectives)
    stream = Stream(job.run, train, job.views, [cl, *objectives])
    network = empty_network(job.run, train.channels, job.views.size or train.size).to(device)
    rates = learning_rates(pd.read_csv(inputs["steps"][0]), "cl")
    files_of = kept_files(job.checkpoints, job.checkpoint_steps, ("cl",), inputs["checkpoints"][0], stream.steps)
    forcing = Forcing(job.run, cl, objectives, network, stream, splits["test"], job.views.size, job.forcing)
    rows: list[ForcingRow] = []
    for step, files in track(files_of.items(), len(files_of), f"forcing {job.run.name}"):
        rows += forcing.advance(step, path_length(job.run, rates[:step]), load_weights(files["cl"]))
    columns = list(ForcingRow.__dataclass_fields__)  # a run without such twins has a header and no row
    return pd.DataFrame(map(asdict, rows), columns=columns)


STAGE = Stage(
    "forcing",
    job_of,
    {"forcing": "forcing.csv"},
    folder="measures/forcing",
    reads=lambda job: {**job.run.network_inputs, "steps": [job.run.name]},
    modules=lambda job: [module_of(job.run.encoder), *job.views.files],
    watches=THEORY,
    uses_device=True,
    subject="run",
    subjects=predicted_runs,
)
