"""Make Table 1 and its readable form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.base import Settings, SettingsError
from pipeline.config.run import Run
from pipeline.planning.plan import TABLES, Plan, check_one_setting
from pipeline.planning.stage import GLOBAL, Stage
from pipeline.reporting.paper_values import PAPER_VALUES, published_classes
from pipeline.stages.measured_kinds import measured
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


class TableJob(Settings):
    runs: tuple[Run, ...]
    objectives: tuple[str, ...]
    published_classes: dict[str, int]  # of the paper's datasets
    diverged: dict[str, str]  # requested runs that diverged, and why


def subjects_of(plan: Plan) -> Sequence[str]:
    """Return the whole plan where it has tables 1 and 2; settings that ask for nothing get the error of `job_of`."""
    return GLOBAL if TABLES in plan.experiments or not (plan.experiments or plan.lost) else ()


def job_of(plan: Plan, _: str) -> TableJob:
    """Raises SettingsError where Table 1's runs are missing or do not fit one table."""
    if TABLES not in plan.experiments:
        raise SettingsError(f"experiments: {TABLES} is missing, and tables 1 and 2 show its runs")
    return job_of_experiment(plan, TABLES, published_classes())


def job_of_experiment(plan: Plan, name: str, published: dict[str, int]) -> TableJob:
    runs = plan.experiments[name]
    check_one_setting(name, runs)
    lost = {run.name: plan.diverged[run] for run in plan.lost.get(name, ())}
    return TableJob(runs=runs, objectives=plan.objectives_of(name), published_classes=published, diverged=lost)


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
    job_of,
    {"table1": "table1.csv", "table1_text": "table1.md"},
    reads=lambda job: measured(("probes", "movement", "baselines"), job.runs),
    records="runs",
    files=PAPER_VALUES,
    subjects=subjects_of,
    in_report=("table1", "Tables"),
)
