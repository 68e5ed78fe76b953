"""Runs whose training diverged: asked for, not to be had, and said to be missing where they would stand."""

from dataclasses import replace

from pipeline.settings.base import SettingsError
from pipeline.settings.run import Run
from pipeline.workflow.layout import Layout
from pipeline.workflow.plan import Plan
from pipeline.workflow.records import differences, read_record, task

DIVERGED = ".diverged.json"  # suffix of a file beside a run's state


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


def named(plan: Plan) -> str:
    """A sentence on the runs that are left out; the empty text: there are none."""
    names = [run.name for run in plan.diverged]
    if not names:
        return ""
    again = plan.command("remake", *names)
    return f"left out of all results, as training diverged: {', '.join(names)}; after `{again}` it is tried again"


def _divergence(plan: Plan, layout: Layout, run: Run) -> str:
    """Why, as training said it; the empty text where it did not diverge, or did by other settings or code."""
    noted = layout.state(run.name, DIVERGED)
    if not noted.is_file():  # of nearly all runs, and every job asks it of every run
        return ""
    try:
        then = read_record(noted)
    except SettingsError:
        return ""  # it is tried again
    now = task("twins", run.name, plan, layout).but_for_inputs(then)
    return "" if differences(then, now) else str(then["why"])
