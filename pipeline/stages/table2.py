"""Table 2 and its readable form."""

import pandas as pd

from pipeline.files import write_csv, write_text
from pipeline.jobs import Table2Job
from pipeline.layout import Layout
from pipeline.reporting.table2 import table2, table2_markdown
from pipeline.runs import Run


def run(job: Table2Job, layout: Layout) -> None:
    runs = [Run.from_name(name) for name in job.runs]
    alignment = {run: pd.read_csv(layout.measures(run.name, "alignment")) for run in runs}
    table = table2(runs, job.objectives, alignment)
    write_csv(layout.reports / "table2.csv", table)
    write_text(layout.reports / "table2.md", table2_markdown(table))
