"""Accuracy and agreement of an experiment of one's own, as Tables 1 and 2 have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.reporting.accuracy_table import table1
from pipeline.reporting.agreement_table import table2
from pipeline.reporting.measured_tables import learning, measures, paper_values
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    from pipeline.jobs.declared import TableJob


def run(job: TableJob, inputs: Inputs, outputs: Outputs) -> None:
    (path,) = inputs["paper_values"]
    printed = paper_values(path, "table1")
    write_csv(
        outputs["accuracy"],
        table1(job.objectives, *learning(inputs, job.runs), printed, job.published_classes, job.diverged),
    )
    alignment = {run: measures(path, "alignment") for run, path in zip(job.runs, inputs["alignment"], strict=True)}
    printed = pd.concat([paper_values(path, artifact) for artifact in ("fig2", "text")])
    write_csv(outputs["agreement"], table2(job.objectives, alignment, printed, job.published_classes, job.diverged))
