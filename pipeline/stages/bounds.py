"""Bound the distance of CL and NSCL along every run that trains both, and along a simulated descent."""

from __future__ import annotations

from pipeline.config.base import Settings
from pipeline.config.run import Run
from pipeline.config.theory_settings import DescentSettings
from pipeline.config.training_settings import SHARED
from pipeline.planning.plan import Plan
from pipeline.planning.stage import GLOBAL, Stage
from pipeline.system.files import Inputs, Outputs


class BoundsJob(Settings):
    runs: tuple[Run, ...]
    delta: float
    simulation: DescentSettings


def runs_of(plan: Plan) -> tuple[Run, ...]:
    """Return the runs that train CL and NSCL for an epoch or more and share all randomness, as the theory has it."""
    both = (run for run, request in plan.requests.items() if {"cl", "nscl"} <= set(request.names))
    return tuple(run for run in both if run.epochs and set(run.shared) == set(SHARED))


def job_of(plan: Plan, _: str) -> BoundsJob:
    theory = plan.params.theory
    return BoundsJob(runs=runs_of(plan), delta=theory.delta, simulation=theory.simulation)


def run(job: BoundsJob, inputs: Inputs, outputs: Outputs) -> None:
    import pandas as pd

    from pipeline.datasets.subsets import class_sizes
    from pipeline.reporting.certificates import bounds_of_run, simulated_descent
    from pipeline.system.files import write_csv
    from twin_alignment.progress import track

    of_runs = zip(job.runs, *(inputs[kind] for kind in ("steps", "alignment", "store", "subset")), strict=True)
    tables = [
        bounds_of_run(run, pd.read_csv(steps), pd.read_csv(alignment), class_sizes(store, subset), job.delta)
        for run, steps, alignment, store, subset in track(of_runs, len(job.runs), "bounds")
    ]
    write_csv(outputs["bounds"], pd.concat(tables))
    write_csv(outputs["descent"], simulated_descent(job.simulation))


STAGE = Stage(
    "bounds",
    job_of,
    {kind: f"{kind}.csv" for kind in ("bounds", "descent")},
    reads=lambda job: {
        "store": [run.dataset for run in job.runs],
        "subset": [run.subset for run in job.runs],
        "steps": [run.name for run in job.runs],
        "alignment": [run.name for run in job.runs],
    },
    subjects=lambda plan: GLOBAL if runs_of(plan) else (),
)
