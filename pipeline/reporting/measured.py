"""Measures of many runs in one table, and their means over seeds."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.seed_intervals import Interval, over_seeds


def labelled(run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the run's fields as columns; lists become text, by which rows can be grouped."""
    columns = {**{str(name): frame[name] for name in frame}, **_fields(run)}
    return pd.DataFrame(columns, index=frame.index)


def rows_of(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Select a run's rows of a labelled table; numbers compare as such (1 in a file is 1.0 in a run)."""
    selected = pd.Series(True, index=table.index)
    for name, value in _fields(run).items():
        selected &= table[name].isna() if value in (None, "") else table[name] == value
    return table[selected]


def _fields(run: Run) -> dict[str, Any]:
    return {name: "+".join(v) if isinstance(v, tuple) else v for name, v in run.model_dump().items()}


def summarise(frame: pd.DataFrame, by: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Means over seeds of columns.

    Args:
        frame: a row a run, a column a measure.
        by: columns whose values define a group of runs.
        measures: columns to average.

    Returns:
        Columns *by, measure, n_seeds, mean, ci_low, ci_high (95 %, Student's t); a row a group and measure.
    """
    return summarise_long(frame[[*by, *measures]].melt(list(by), var_name="measure"), by, measures)


def summarise_long(frame: pd.DataFrame, by: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Means over seeds of a table with columns `measure` and `value`; arguments and result as of `summarise`.

    Collapsed networks have no value and are in no mean; a group without any value has a mean of nan.
    """
    rows = []
    for key, group in frame.groupby(list(by), sort=False, dropna=False):
        names, numbers = group["measure"].to_numpy(), group["value"].to_numpy(dtype=float)
        for measure in measures:
            values = numbers[(names == measure) & ~np.isnan(numbers)].tolist()
            interval = over_seeds(values) if values else Interval(math.nan, math.nan, math.nan, 0)
            rows.append((*key, measure, interval.n, interval.mean, interval.low, interval.high))
    return pd.DataFrame(rows, columns=[*by, "measure", "n_seeds", "mean", "ci_low", "ci_high"])
