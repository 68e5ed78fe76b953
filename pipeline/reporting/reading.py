"""Measures of many runs, read from their files."""

from collections.abc import Callable, Sequence

import pandas as pd

from pipeline.layout import Layout
from pipeline.reporting.measured import labelled, rows_of
from pipeline.reporting.registry import TABLES
from pipeline.runs import Run, setting_of

Read = Callable[[str], pd.DataFrame]  # kind of measure -> rows of all runs asked for, with the runs' fields as columns


def reader(layout: Layout, names: Sequence[str]) -> Read:
    """Reads any kind of measure (see registry.py) of these runs."""
    runs = [Run.from_name(name) for name in names]

    def read(kind: str) -> pd.DataFrame:
        if kind in TABLES:
            shown = pd.read_csv(layout.reports / f"{kind}.csv")
            return shown if kind == "descent" else pd.concat([rows_of(run, shown) for run in runs])
        if kind == "ceiling":
            settings = dict.fromkeys(setting_of(run) for run in runs)
            return pd.concat([labelled(s, pd.read_csv(layout.ceiling(s.name))) for s in settings])
        paths = {run: layout.probes(run.name) if kind == "probes" else layout.measures(run.name, kind) for run in runs}
        return pd.concat([labelled(run, pd.read_csv(path)) for run, path in paths.items()])

    return read
