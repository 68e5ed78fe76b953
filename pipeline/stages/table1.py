"""Table 1 and its readable form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.reporting.accuracy_table import table1, table1_markdown
from pipeline.reporting.measured_tables import load_learning_evidence, paper_table
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pipeline.jobs.declared import TableJob


def run(job: TableJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    """Write the table as CSV, and as Markdown with notes."""
    table = accuracy(job, inputs)
    write_csv(outputs["table1"], table)
    write_text(outputs["table1_text"], table1_markdown(table, notes))


def accuracy(job: TableJob, inputs: Inputs) -> pd.DataFrame:
    """Return Table 1 of the job's runs."""
    printed = paper_table(inputs["paper_values"][0], "table1")
    evidence = load_learning_evidence(inputs, job.runs)
    return table1(job.objectives, *evidence, printed, job.published_classes, job.diverged)
