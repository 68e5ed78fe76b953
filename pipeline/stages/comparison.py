"""Accuracy and agreement of an experiment of one's own, as Tables 1 and 2 have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.files import write_csv
from pipeline.reporting.reading import learning, measures, paper_values
from pipeline.reporting.table1 import table1
from pipeline.reporting.table2 import table2
from pipeline.stages import Inputs, Outputs

if TYPE_CHECKING:
    from pipeline.workflow.stages import TableJob


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
