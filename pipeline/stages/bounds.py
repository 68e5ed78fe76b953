"""The bounds along every run that trains CL and NSCL, and along a simulated descent."""

import pandas as pd

from pipeline.embed import load_labels
from pipeline.files import write_csv
from pipeline.jobs import BoundsJob
from pipeline.layout import Layout
from pipeline.progress import track
from pipeline.reporting.bounds import bounds_of_run, simulated
from pipeline.runs import Run


def run(job: BoundsJob, layout: Layout) -> None:
    tables = []
    for name in track(job.runs, len(job.runs), "bounds"):
        steps, alignment = pd.read_csv(layout.steps(name)), pd.read_csv(layout.measures(name, "alignment"))
        sizes = load_labels(layout.features(name))["train"].bincount().tolist()
        tables.append(bounds_of_run(Run.from_name(name), steps, alignment, sizes))
    write_csv(layout.reports / "bounds.csv", pd.concat(tables))
    write_csv(layout.reports / "descent.csv", simulated())
