"""Table 2."""

import pandas as pd

from pipeline.files import write_csv
from pipeline.jobs import Table2Job
from pipeline.layout import Layout
from pipeline.reporting.table2 import table2
from pipeline.runs import Run


def run(job: Table2Job, layout: Layout) -> None:
    runs = [Run.from_name(name) for name in job.runs]
    alignment = {run: pd.read_csv(layout.alignment(run.name)) for run in runs}
    write_csv(layout.reports / "table2.csv", table2(runs, job.objectives, alignment))
