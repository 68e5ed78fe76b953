"""The bounds along every run that trains CL and NSCL, and along a simulated descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.datasets.subsets import class_sizes
from pipeline.reporting.certificates import bounds_of_run, simulated_descent
from pipeline.system.files import write_csv
from twin_alignment.progress import track

if TYPE_CHECKING:
    from pipeline.jobs.declared import BoundsJob
    from pipeline.stages import Inputs, Outputs


def run(job: BoundsJob, inputs: Inputs, outputs: Outputs) -> None:
    """Write the bounds of all runs and of the simulation."""
    files = zip(job.runs, *(inputs[kind] for kind in ("steps", "alignment", "store", "subset")), strict=True)
    tables = [
        bounds_of_run(run, pd.read_csv(steps), pd.read_csv(alignment), class_sizes(store, subset), job.delta)
        for run, steps, alignment, store, subset in track(files, len(job.runs), "bounds")
    ]
    write_csv(outputs["bounds"], pd.concat(tables))
    write_csv(outputs["descent"], simulated_descent(job.simulation))
