"""Runs whose training diverged: asked for, not to be had, and said to be missing where they would stand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.config.run import Run
from pipeline.jobs.chain import STAGES
from pipeline.jobs.records import read_record, write_record
from pipeline.jobs.task import Task, task
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan


def note_divergence(one: Task, why: str) -> None:
    """Note why the run that a stage is of is not to be had by these settings and this code."""
    job: Any = one.job
    run = task("twins", job.run.name, one.plan, one.layout)
    write_record(_note(one.layout, run.subject), {**run.key(), "why": why})


def forget_divergence(one: Task) -> None:
    if one.stage.is_training:
        _note(one.layout, one.subject).unlink(missing_ok=True)


def without_diverged(plan: Plan, layout: Layout) -> Plan:
    """The plan without runs that diverged by these settings and this code, which it names as such; an experiment of
    which none is left is left out."""
    found = {run: why for run in plan.requests if (why := _divergence(plan, layout, run))}
    if not found:
        return plan
    requests = {run: request for run, request in plan.requests.items() if run not in found}
    left = {name: tuple(run for run in runs if run not in found) for name, runs in plan.experiments.items()}
    lost = {name: tuple(run for run in runs if run in found) for name, runs in plan.experiments.items()}
    experiments = {name: runs for name, runs in left.items() if runs}
    return replace(plan, requests=requests, experiments=experiments, asked=plan.requests, diverged=found, lost=lost)


def divergence_notice(plan: Plan) -> str:
    """A sentence on the runs that are left out; the empty text: there are none."""
    names = [run.name for run in plan.diverged]
    if not names:
        return ""
    again = plan.command("remake", *names)
    return f"left out of all results, as training diverged: {', '.join(names)}; after `{again}` it is tried again"


def _note(layout: Layout, run: str) -> Path:
    return layout.place(STAGES["twins"], run).unfinished / "diverged.json"


def _divergence(plan: Plan, layout: Layout, run: Run) -> str:
    """Why, as training said it; the empty text where it did not diverge, or did by other settings or code."""
    note = _note(layout, run.name)
    if not note.is_file():  # of nearly all runs, and every job asks it of every run
        return ""
    try:
        then = read_record(note)
    except SettingsError:
        return ""  # it is tried again
    return "" if task("twins", run.name, plan, layout).changes_since(then) else str(then["why"])
