"""Accuracy of encoders on the line between CL's and NSCL's weights of a run's last epoch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.datasets.images import load_images
from pipeline.evaluate.interpolation import accuracy_between
from pipeline.models.empty import empty_network
from pipeline.system.files import write_csv
from pipeline.train.checkpoints import load_encoder

if TYPE_CHECKING:
    import torch

    from pipeline.jobs.declared import MergingJob
    from pipeline.stages import Inputs, Outputs

VERSION = 1  # raised when these numbers change: results of another VERSION are made again


def run(job: MergingJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    run, size = job.run, job.size
    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, test = splits["train"], splits["test"]
    encoder = empty_network(run, train.channels, size or train.size).encoder.to(device)
    ends = [load_encoder(inputs["checkpoints"][0], objective, run.epochs) for objective in ("cl", "nscl")]
    found = accuracy_between(encoder, (ends[0], ends[1]), job.shares, train, test, size, job.probes)
    rows = [
        {"share": share, "batch_norm": batch_norm, "probe": probe, **asdict(result)}
        for (share, batch_norm), results in found.items()
        for probe, result in results.items()
    ]
    write_csv(outputs["merging"], pd.DataFrame(rows))
