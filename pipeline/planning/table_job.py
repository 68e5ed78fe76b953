"""The job of Tables 1 and 2, and of the same tables for a custom experiment."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config.base import Settings, SettingsError
from pipeline.config.run import Run
from pipeline.planning.plan import TABLES, Plan, check_one_setting
from pipeline.planning.stage import GLOBAL
from pipeline.reporting.paper_values import published_classes


class TableJob(Settings):
    runs: tuple[Run, ...]
    objectives: tuple[str, ...]
    published_classes: dict[str, int]  # of the paper's datasets
    diverged: dict[str, str]  # requested runs that diverged, and why


def subjects_of_tables(plan: Plan) -> Sequence[str]:
    """Return the whole plan if it has tables 1 and 2; empty settings get the error of `job_of_tables`."""
    return GLOBAL if TABLES in plan.experiments or not (plan.experiments or plan.lost) else ()


def job_of_tables(plan: Plan, _: str) -> TableJob:
    """Raises SettingsError where Table 1's runs are missing or do not fit one table."""
    if TABLES not in plan.experiments:
        raise SettingsError(f"experiments: {TABLES} is missing, and tables 1 and 2 show its runs")
    return job_of_experiment(plan, TABLES, published_classes())


def job_of_experiment(plan: Plan, name: str, published: dict[str, int]) -> TableJob:
    runs = plan.experiments[name]
    check_one_setting(name, runs)
    lost = {run.name: plan.diverged[run] for run in plan.lost.get(name, ())}
    return TableJob(runs=runs, objectives=plan.objectives_of(name), published_classes=published, diverged=lost)
