"""Make Table 1 and its readable form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.planning.stage import Stage
from pipeline.planning.table_job import TableJob, job_of_tables, subjects_of_tables
from pipeline.reporting.paper_values import PAPER_VALUES
from pipeline.stages.measured_kinds import measured
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def accuracy(job: TableJob, inputs: Inputs) -> pd.DataFrame:
    """Return Table 1 of the job's runs."""
    from pipeline.reporting.accuracy_table import table1
    from pipeline.reporting.measured_tables import load_learning_evidence, paper_table

    printed = paper_table(inputs["paper_values"][0], "table1")
    evidence = load_learning_evidence(inputs, job.runs)
    return table1(job.objectives, *evidence, printed, job.published_classes, job.diverged)


def run(job: TableJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    from pipeline.reporting.accuracy_table import table1_markdown
    from pipeline.system.files import write_csv, write_text

    table = accuracy(job, inputs)
    write_csv(outputs["table1"], table)
    write_text(outputs["table1_text"], table1_markdown(table, notes))


STAGE = Stage(
    "table1",
    job_of_tables,
    {"table1": "table1.csv", "table1_text": "table1.md"},
    reads=lambda job: measured(("probes", "movement", "baselines"), job.runs),
    records="runs",
    files=PAPER_VALUES,
    subjects=subjects_of_tables,
    in_report=("table1", "Tables"),
)
