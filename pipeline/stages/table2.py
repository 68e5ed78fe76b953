"""Make Table 2 and its readable form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.planning.stage import Stage
from pipeline.planning.table_job import TableJob, job_of_tables, subjects_of_tables
from pipeline.reporting.paper_values import PAPER_VALUES
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def agreement(job: TableJob, inputs: Inputs) -> pd.DataFrame:
    """Return Table 2 of the job's runs."""
    from pipeline.reporting.agreement_table import table2
    from pipeline.reporting.measured_tables import paper_table, read_measures

    alignment = {run: read_measures(path, "alignment") for run, path in zip(job.runs, inputs["alignment"], strict=True)}
    printed = paper_table(inputs["paper_values"][0], "fig2", "text")
    return table2(job.objectives, alignment, printed, job.published_classes, job.diverged)


def run(job: TableJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    from pipeline.reporting.agreement_table import table2_markdown
    from pipeline.system.files import write_csv, write_text

    table = agreement(job, inputs)
    write_csv(outputs["table2"], table)
    write_text(outputs["table2_text"], table2_markdown(table, notes))


STAGE = Stage(
    "table2",
    job_of_tables,
    {"table2": "table2.csv", "table2_text": "table2.md"},
    reads=lambda job: {"alignment": [run.name for run in job.runs]},
    records="runs",
    files=PAPER_VALUES,
    subjects=subjects_of_tables,
    in_report=("table2", "Tables"),
)
