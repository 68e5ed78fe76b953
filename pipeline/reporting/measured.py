"""Measures of many runs in one table, and their means over seeds."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.seed_intervals import Interval, over_seeds


def labelled(run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    """A run's measures with the run's fields as columns; lists as text, so that rows can be grouped by them."""
    columns = {**{str(name): frame[name] for name in frame}, **_fields(run)}
    return pd.DataFrame(columns, index=frame.index)


def rows_of(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """A run's rows in a table that `labelled` made; numbers are compared as such (1 in a file is 1.0 in a run)."""
    own = pd.Series(True, index=table.index)
    for name, value in _fields(run).items():
        own &= table[name].isna() if value in (None, "") else table[name] == value
    return table[own]


def _fields(run: Run) -> dict[str, Any]:
    return {name: "+".join(v) if isinstance(v, tuple) else v for name, v in run.model_dump().items()}


def summarise(frame: pd.DataFrame, by: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Tidy: one row per group and measure with columns *by, measure, n_seeds, mean, ci_low, ci_high.

    Rows of a group are independent runs; the interval is Student's t at 95 %.
    """
    return summarise_long(frame[[*by, *measures]].melt(list(by), var_name="measure"), by, measures)


def summarise_long(frame: pd.DataFrame, by: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """The same of a table that has a row for every measure, with columns `measure` and `value`. A run without a value,
    which has collapsed, is in no mean: of none there is a row without one."""
    rows = []
    for key, group in frame.groupby(list(by), sort=False, dropna=False):
        for measure in measures:
            values = group.loc[group["measure"] == measure, "value"].dropna().tolist()
            found = over_seeds(values) if values else Interval(math.nan, math.nan, math.nan, 0)
            rows.append((*key, measure, found.n, found.mean, found.low, found.high))
    return pd.DataFrame(rows, columns=[*by, "measure", "n_seeds", "mean", "ci_low", "ci_high"])
