"""Probe raw pixels by nearest class centre and linearly: a trained network has to do better."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.config.probe_settings import ProbeSettings
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.stages import subset
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    import torch


class BaselinesJob(subset.SubsetJob):
    probes: ProbeSettings


def job_of(plan: Plan, subject: str) -> BaselinesJob:
    return BaselinesJob(**subset.job_of(plan, subject).model_dump(), probes=plan.params.probes)


def run(job: BaselinesJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    import pandas as pd

    from pipeline.datasets.images import load_images
    from pipeline.evaluate.pixels import raw_pixels
    from pipeline.evaluate.probing import probes
    from pipeline.system.files import write_csv

    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, test = splits["train"], splits["test"]
    results = probes(raw_pixels(train), train.labels, raw_pixels(test), test.labels, job.probes)
    rows = [{"objective": "raw_pixels", "probe": name, **asdict(result)} for name, result in results.items()]
    write_csv(outputs["baselines"], pd.DataFrame(rows))


STAGE = Stage(
    "baselines",
    job_of,
    {"baselines": "baselines.csv"},
    folder="measures/baselines",
    reads=lambda job: {"store": [job.dataset], "subset": [job.subject]},
    uses_device=True,
    subject="subset",
    subjects=lambda plan: plan.subsets,
)
