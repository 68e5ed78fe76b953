"""Accuracy and agreement of a custom experiment, as Tables 1 and 2 have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.stages import Inputs, Outputs
from pipeline.stages.table1 import accuracy
from pipeline.stages.table2 import agreement
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    from pipeline.jobs.declared import TableJob


def run(job: TableJob, inputs: Inputs, outputs: Outputs) -> None:
    """Write both tables."""
    write_csv(outputs["accuracy"], accuracy(job, inputs))
    write_csv(outputs["agreement"], agreement(job, inputs))
