"""How alike CL is to CL of another seed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.evaluate.run_features import embedder
from pipeline.evaluate.seed_pairs import BetweenSeedsRow, between_seeds
from pipeline.system.files import write_csv
from twin_alignment.progress import track

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from pipeline.jobs.declared import BetweenSeedsJob
    from pipeline.stages import Inputs, Outputs

VERSION = 1  # raised when these numbers change: results of another VERSION are made again


def run(job: BetweenSeedsJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    (store,), (subset,) = inputs["store"], inputs["subset"]
    embedded = embedder(job.runs[0], job.size, store, subset, device)
    folders = dict(zip((run.seed for run in job.runs), inputs["checkpoints"], strict=True))

    def features_of(seed: int, epoch: int) -> dict[str, Tensor]:
        return embedded.features(folders[seed], "cl", epoch)

    epochs = track(job.checkpoints, len(job.checkpoints), f"between_seeds {job.runs[0].setting.name}")
    rows = between_seeds(list(folders), epochs, features_of)
    columns = list(BetweenSeedsRow.__dataclass_fields__)  # a single seed has no pair: a header and no row
    write_csv(outputs["between_seeds"], pd.DataFrame(map(asdict, rows), columns=columns))
