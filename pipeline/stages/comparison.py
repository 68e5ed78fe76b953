"""Tabulate accuracy and agreement of a custom experiment, as Tables 1 and 2 do."""

from __future__ import annotations

from pipeline.config.base import SettingsError
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.planning.table_job import TableJob, job_of_experiment
from pipeline.reporting.paper_values import PAPER_VALUES, published_classes
from pipeline.stages.measured_kinds import measured
from pipeline.stages.table1 import accuracy
from pipeline.stages.table2 import agreement, compared_across_seeds
from pipeline.system.files import Inputs, Outputs


def job_of(plan: Plan, name: str) -> TableJob:
    """Compare with the paper's values for the datasets that the experiment has."""
    if name not in plan.custom_experiments:
        raise SettingsError(f"experiment {name!r}: expected one of {', '.join(plan.custom_experiments) or 'none'}")
    data = {(run.dataset, run.classes) for run in plan.experiments[name]}
    return job_of_experiment(plan, name, dict(both for both in published_classes().items() if both in data))


def run(job: TableJob, inputs: Inputs, outputs: Outputs) -> None:
    from pipeline.system.files import write_csv

    write_csv(outputs["accuracy"], accuracy(job, inputs))
    write_csv(outputs["agreement"], agreement(job, inputs))


STAGE = Stage(
    "comparison",
    job_of,
    {kind: f"comparisons/{{subject}}/{kind}.csv" for kind in ("accuracy", "agreement")},
    reads=lambda job: {
        **measured(("probes", "movement", "baselines", "alignment"), job.runs),
        **compared_across_seeds(job),
    },
    files=PAPER_VALUES,
    in_report=("accuracy", "Tables"),
    subject="experiment",
    subjects=lambda plan: plan.custom_experiments,
)
