"""Table 2 and its readable form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.reporting.agreement_table import table2, table2_markdown
from pipeline.reporting.measured_tables import paper_table, read_measures
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pipeline.jobs.declared import TableJob


def run(job: TableJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    """Write the table as CSV, and as Markdown with notes."""
    table = agreement(job, inputs)
    write_csv(outputs["table2"], table)
    write_text(outputs["table2_text"], table2_markdown(table, notes))


def agreement(job: TableJob, inputs: Inputs) -> pd.DataFrame:
    """Return Table 2 of the job's runs."""
    alignment = {run: read_measures(path, "alignment") for run, path in zip(job.runs, inputs["alignment"], strict=True)}
    printed = paper_table(inputs["paper_values"][0], "fig2", "text")
    return table2(job.objectives, alignment, printed, job.published_classes, job.diverged)
