"""Runs whose training diverged: requested, not available, and named where they would appear."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.config.run import Run
from pipeline.jobs.chain import STAGES
from pipeline.jobs.records import read_record, write_record
from pipeline.jobs.task import Task, task_of
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan


def note_divergence(task: Task, why: str) -> None:
    """Write down why a run is not available with these settings and this code."""
    job: Any = task.job
    run = task_of("twins", job.run.name, task.plan, task.layout)
    write_record(_note(task.layout, run.subject), {**run.key(), "why": why})


def forget_divergence(task: Task) -> None:
    if task.stage.is_training:
        _note(task.layout, task.subject).unlink(missing_ok=True)


def without_diverged(plan: Plan, layout: Layout) -> Plan:
    """Return the plan without runs that diverged with these settings and this code; it names them as `diverged`.

    An experiment that lost all of its runs is left out.
    """
    diverged = {run: why for run in plan.requests if (why := _divergence(plan, layout, run))}
    if not diverged:
        return plan
    requests = {run: request for run, request in plan.requests.items() if run not in diverged}
    left = {name: tuple(run for run in runs if run not in diverged) for name, runs in plan.experiments.items()}
    lost = {name: tuple(run for run in runs if run in diverged) for name, runs in plan.experiments.items()}
    experiments = {name: runs for name, runs in left.items() if runs}
    return replace(
        plan, requests=requests, experiments=experiments, all_requests=plan.requests, diverged=diverged, lost=lost
    )


def divergence_notice(plan: Plan) -> str:
    """Return a sentence on runs that are left out. Empty: there are none."""
    names = [run.name for run in plan.diverged]
    if not names:
        return ""
    again = plan.command("remake", *names)
    return f"left out of all results, as training diverged: {', '.join(names)}; `{again}` lets them train again"


def _note(layout: Layout, run: str) -> Path:
    return layout.place(STAGES["twins"], run).unfinished / "diverged.json"


def _divergence(plan: Plan, layout: Layout, run: Run) -> str:
    """The reason that training gave. Empty: it did not diverge with these settings and this code."""
    note = _note(layout, run.name)
    if not note.is_file():  # the usual case, and every job asks for every run
        return ""
    try:
        then = read_record(note)
    except SettingsError:
        return ""  # it is tried again
    return "" if task_of("twins", run.name, plan, layout).changes_since(then) else str(then["why"])
