"""Probe encoders on the line between CL's and NSCL's weights of a run's last epoch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    import torch

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again


class MergingJob(Settings):
    run: Run
    size: tuple[int, int] | None  # of what the encoder reads
    probes: ProbeSettings
    shares: tuple[float, ...]


def job_of(plan: Plan, name: str) -> MergingJob:
    run, _ = plan.trained(name, "cl", "nscl")
    size, theory = plan.dataset(run.dataset).views.size, plan.params.theory
    return MergingJob(run=run, size=size, probes=plan.params.probes, shares=theory.merging_shares)


def run(job: MergingJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    import pandas as pd

    from pipeline.datasets.images import load_images
    from pipeline.evaluate.interpolation import accuracy_between
    from pipeline.models.empty import empty_network
    from pipeline.system.files import write_csv
    from pipeline.train.checkpoints import load_encoder

    run, size = job.run, job.size
    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, test = splits["train"], splits["test"]
    encoder = empty_network(run, train.channels, size or train.size).encoder.to(device)
    ends = [load_encoder(inputs["checkpoints"][0], objective, run.epochs) for objective in ("cl", "nscl")]
    accuracies = accuracy_between(encoder, (ends[0], ends[1]), job.shares, train, test, size, job.probes)
    rows = [
        {"share": share, "batch_norm": batch_norm, "probe": probe, **asdict(result)}
        for (share, batch_norm), results in accuracies.items()
        for probe, result in results.items()
    ]
    write_csv(outputs["merging"], pd.DataFrame(rows))


STAGE = Stage(
    "merging",
    job_of,
    {"merging": "merging.csv"},
    folder="measures/merging",
    reads=lambda job: job.run.network_inputs,
    modules=lambda job: [module_of(job.run.encoder)],
    watches=("pipeline/models", "pipeline/evaluate"),
    uses_device=True,
    subject="run",
    subjects=lambda plan: plan.names_of("merging"),
)
