"""Train all objectives of a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.datasets.images import load_images
from pipeline.system.files import write_csv
from pipeline.train.distributed import SINGLE_PROCESS, Distributed
from pipeline.train.twin import StepRow
from pipeline.train.twin_training import train_twins

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from pipeline.jobs.declared import TwinsJob
    from pipeline.stages import Inputs, Outputs

VERSION = 1  # raised when these numbers change: results of another VERSION are made again


def run(
    job: TwinsJob,
    inputs: Inputs,
    outputs: Outputs,
    device: torch.device,
    state: Path,
    origin: str,
    workers: int = 1,
    compiled: bool = False,
    group: Distributed = SINGLE_PROCESS,
) -> dict[str, Any]:
    """Train, or resume from a valid `state` of this `origin`, and return the digests of what every twin was shown.

    All processes of a group call this; rank 0 alone reads the state and writes. If it has nothing to train, the others
    end here.
    """
    if not group.wait_for_rank0():
        return {}
    images = load_images(inputs["store"][0], inputs["subset"][0], device)["train"]
    result = train_twins(
        *(job.run, job.objectives, job.checkpoints, images, job.views, outputs["checkpoints"], state, origin),
        workers=workers,
        compiled=compiled,
        group=group,
    )
    if not group.is_rank0:
        return {}
    columns = list(StepRow.__dataclass_fields__)  # a run of no epochs has a header and no row
    write_csv(outputs["steps"], pd.DataFrame(map(asdict, result.steps), columns=columns))
    return {"digests": result.digests}
