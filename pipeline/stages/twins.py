"""Train all objectives of a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import Field

from pipeline.config.base import Settings
from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.view_settings import Views
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from pipeline.train.distributed import Distributed

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again


class TwinsJob(Settings):
    run: Run
    objectives: tuple[Objective, ...] = Field(min_length=1)
    checkpoints: tuple[int, ...]
    checkpoint_steps: tuple[int, ...] = ()
    views: Views


def job_of(plan: Plan, name: str) -> TwinsJob:
    run, request = plan.request(name)
    views = plan.dataset(run.dataset).views
    return TwinsJob(
        run=run,
        objectives=request.objectives,
        checkpoints=request.checkpoints,
        checkpoint_steps=request.steps,
        views=views,
    )


def run(
    job: TwinsJob,
    inputs: Inputs,
    outputs: Outputs,
    device: torch.device,
    state: Path,
    origin: str,
    workers: int = 1,
    compiled: bool = False,
    group: Distributed | None = None,
) -> dict[str, Any]:
    """Train, or resume from `state` where it exists and has this `origin`; return the digests of what twins saw.

    All processes of a group call this. Only rank 0 reads the state and writes; where it has nothing to train, the
    others end at once.
    """
    import pandas as pd

    from pipeline.datasets.images import load_images
    from pipeline.system.files import write_csv
    from pipeline.train.distributed import SINGLE_PROCESS
    from pipeline.train.twin import StepRow
    from pipeline.train.twin_training import train_twins

    group = group or SINGLE_PROCESS
    if not group.wait_for_rank0():
        return {}
    images = load_images(inputs["store"][0], inputs["subset"][0], device)["train"]
    trained = train_twins(
        *(job.run, job.objectives, job.checkpoints, images, job.views, outputs["checkpoints"], state, origin),
        workers=workers,
        compiled=compiled,
        group=group,
        checkpoint_steps=job.checkpoint_steps,
    )
    if not group.is_rank0:
        return {}
    columns = list(StepRow.__dataclass_fields__)  # a run of no epochs has a header and no row
    write_csv(outputs["steps"], pd.DataFrame(map(asdict, trained.steps), columns=columns))
    return {"digests": trained.digests}


STAGE = Stage(
    "twins",
    job_of,
    {"checkpoints": "checkpoints/", "steps": "steps.csv.gz"},
    folder="runs",
    reads=lambda job: {"store": [job.run.dataset], "subset": [job.run.subset]},
    modules=lambda job: [
        module_of(job.run.encoder),
        *job.views.files,
        *(objective.function.rpartition(":")[0] for objective in job.objectives),
    ],
    watches=("twin_alignment/losses", "pipeline/augment", "pipeline/models", "pipeline/train"),
    uses_device=True,
    is_resumable=True,
    is_training=True,
    subject="run",
    subjects=lambda plan: list(plan.named),
)
