"""How a measure moves with a swept setting, tested over seeds and not by looking."""

import math

import numpy as np
import pandas as pd

from pipeline.reporting.intervals import over_seeds


def slopes(rows: pd.DataFrame, swept: str, measure: str) -> list[float]:
    """Of every seed the least-squares slope of the measure in the logarithm of the swept setting.

    Seeds that were run at one value only have none.
    """
    groups = [seed for _, seed in rows.groupby("seed") if seed[swept].nunique() > 1]
    return [float(np.polyfit(np.log(seed[swept]), seed[measure], 1)[0]) for seed in groups]


def trend(rows: pd.DataFrame, swept: str, measure: str) -> str:
    """rises or falls with the swept setting where the 95 % interval over seeds of the slope leaves out 0."""
    found = slopes(rows, swept, measure)
    if len(found) < 2:
        return "undecided"
    interval = over_seeds(found)
    return "rises" if interval.low > 0 else "falls" if interval.high < 0 else "undecided"


def at_equal_steps(rows: pd.DataFrame, swept: str) -> pd.DataFrame:
    """Of every run the kept epoch whose number of steps (column `steps`) is nearest to the shortest run's last.

    Nearest as a ratio; the swept setting and the seed name a run.
    """
    shortest = rows.loc[rows["epoch"] == rows["epochs"], "steps"].min()
    distance = (rows["steps"] / shortest).map(math.log).abs()
    return rows.assign(distance=distance).sort_values("distance", kind="stable").drop_duplicates([swept, "seed"])
