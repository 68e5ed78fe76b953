"""Accuracy of encoders on the line between CL's and NSCL's weights of the last epoch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.data.images import load_images
from pipeline.files import write_csv
from pipeline.networks.empty import empty_network
from pipeline.progress import track
from pipeline.reporting.measured import labelled
from pipeline.theory.merging import accuracy_between
from pipeline.training.checkpoints import load_encoder

if TYPE_CHECKING:
    import torch

    from pipeline.stages import Inputs, Outputs
    from pipeline.workflow.stages import MergingJob


def run(job: MergingJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    of_runs = zip(job.runs, *(inputs[kind] for kind in ("store", "subset", "checkpoints")), strict=True)
    tables = []
    for run, store, subset, checkpoints in track(of_runs, len(job.runs), "merging"):
        splits, size = load_images(store, subset, device), job.sizes[run.dataset]
        train, test = splits["train"], splits["test"]
        encoder = empty_network(run, train.channels, size or train.size).encoder.to(device)
        ends = load_encoder(checkpoints, "cl", run.epochs), load_encoder(checkpoints, "nscl", run.epochs)
        found = accuracy_between(encoder, ends, job.shares, train, test, size, job.probes)
        rows = [
            {"share": share, "batch_norm": batch_norm, "probe": probe, **asdict(result)}
            for (share, batch_norm), results in found.items()
            for probe, result in results.items()
        ]
        tables.append(labelled(run, pd.DataFrame(rows)))
    write_csv(outputs["merging"], pd.concat(tables))
