"""Table 1 and its readable form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.files import write_csv, write_text
from pipeline.reporting.reading import paper_values
from pipeline.reporting.table1 import table1, table1_markdown
from pipeline.stages import Inputs, Outputs

if TYPE_CHECKING:
    from pipeline.workflow.stages import TableJob


def run(job: TableJob, inputs: Inputs, outputs: Outputs) -> None:
    probes, movement = (
        dict(zip(job.runs, map(pd.read_csv, inputs[kind]), strict=True)) for kind in ("probes", "movement")
    )
    subsets = dict.fromkeys(run.subset for run in job.runs)
    baselines = dict(zip(subsets, map(pd.read_csv, inputs["baselines"]), strict=True))
    printed = paper_values(inputs["paper_values"][0], "table1")
    table = table1(job.objectives, probes, baselines, movement, printed, job.published_classes)
    write_csv(outputs["table1"], table)
    write_text(outputs["table1_text"], table1_markdown(table))
