"""Train all objectives of a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.datasets.images import load_images
from pipeline.system.files import write_csv
from pipeline.train.ranks import ALONE, Ranks
from pipeline.train.twin_training import StepRow, train_twins

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
    ranks: Ranks = ALONE,
) -> dict[str, Any]:
    """Goes on from `state` where it is there and of this `origin`; returns the digests of what every twin was shown.

    Several ranks all call this; the first one alone reads the state and writes. Where it has nothing to train, the
    others end here.
    """
    if not ranks.begin():
        return {}
    images = load_images(inputs["store"][0], inputs["subset"][0], device)["train"]
    found = train_twins(
        *(job.run, job.objectives, job.checkpoints, images, job.views, outputs["checkpoints"], state, origin),
        workers=workers,
        compiled=compiled,
        ranks=ranks,
    )
    if not ranks.first:
        return {}
    columns = list(StepRow.__dataclass_fields__)  # a run of no epochs has a header and no row
    write_csv(outputs["steps"], pd.DataFrame(map(asdict, found.steps), columns=columns))
    return {"digests": found.digests}
