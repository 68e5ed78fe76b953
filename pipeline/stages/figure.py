"""A figure as PNG and PDF, and the table it is drawn from."""

import pandas as pd

from pipeline.files import write_csv
from pipeline.jobs import FigureJob
from pipeline.layout import Layout
from pipeline.reporting.figures import MODULES
from pipeline.reporting.figures.style import save
from pipeline.reporting.measured import labelled
from pipeline.runs import Run, setting_of


def _is_of(run: Run, table: pd.DataFrame) -> "pd.Series[bool]":
    """Rows whose columns are the run's fields."""
    own = labelled(run, table[:1])
    fields = [name for name in run.model_dump() if own[name].notna().all()]
    return (table[fields].astype(str) == own[fields].astype(str).iloc[0]).all(axis=1)


def run(job: FigureJob, layout: Layout) -> None:
    runs = [Run.from_name(name) for name in job.runs]

    def read(kind: str) -> pd.DataFrame:
        if kind == "descent":
            return pd.read_csv(layout.reports / "descent.csv")
        if kind == "bounds":
            shown = pd.read_csv(layout.reports / "bounds.csv")
            return pd.concat([shown[_is_of(run, shown)] for run in runs])
        if kind == "ceiling":
            settings = dict.fromkeys(setting_of(run) for run in runs)
            return pd.concat([labelled(s, pd.read_csv(layout.ceiling(s.name))) for s in settings])
        paths = {run: layout.probes(run.name) if kind == "probes" else layout.measures(run.name, kind) for run in runs}
        return pd.concat([labelled(run, pd.read_csv(path)) for run, path in paths.items()])

    module = MODULES[job.figure]
    table = module.table(read)
    write_csv(layout.figure(job.figure, "csv"), table)
    drawn = module.draw(table)
    for suffix in ("png", "pdf"):
        save(drawn, layout.figure(job.figure, suffix))
