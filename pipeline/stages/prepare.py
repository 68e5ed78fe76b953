"""Turn a dataset's images into an array store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.datasets.preparation import prepare
from pipeline.stages import Inputs, Outputs

if TYPE_CHECKING:
    from pipeline.jobs.declared import PrepareJob

VERSION = 1  # raised when these numbers change: results of another VERSION are made again


def run(job: PrepareJob, inputs: Inputs, outputs: Outputs) -> None:
    prepare(job.dataset, job.spec, Path(job.downloads), outputs["store"])
