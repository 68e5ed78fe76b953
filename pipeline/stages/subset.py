"""Draw the classes of a subset, nested in their number."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.datasets.store import load_store
from pipeline.datasets.subsets import draw_subset
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_json

if TYPE_CHECKING:
    from pipeline.jobs.declared import SubsetJob


def run(job: SubsetJob, inputs: Inputs, outputs: Outputs) -> None:
    names = load_store(inputs["store"][0]).manifest.class_names
    subset = draw_subset(job.dataset, names, job.classes or len(names), job.seed)
    write_json(outputs["subset"], asdict(subset))
