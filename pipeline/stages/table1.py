"""Table 1 and its readable form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.reporting.accuracy_table import table1, table1_markdown
from pipeline.reporting.measured_tables import learning, paper_values
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.jobs.declared import TableJob


def run(job: TableJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    printed = paper_values(inputs["paper_values"][0], "table1")
    table = table1(job.objectives, *learning(inputs, job.runs), printed, job.published_classes, job.diverged)
    write_csv(outputs["table1"], table)
    write_text(outputs["table1_text"], table1_markdown(table, notes))
