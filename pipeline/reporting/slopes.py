"""How a measure moves with a swept setting, seed by seed."""

import math

import numpy as np
import pandas as pd


def slopes(rows: pd.DataFrame, swept: str, measure: str) -> list[float]:
    """Of every seed the least-squares slope of the measure in the logarithm of the swept setting.

    Seeds that were run at one value only have none.
    """
    groups = [seed for _, seed in rows.groupby("seed") if seed[swept].nunique() > 1]
    return [float(np.polyfit(np.log(seed[swept]), seed[measure], 1)[0]) for seed in groups]


def at_equal_steps(rows: pd.DataFrame, swept: str) -> pd.DataFrame:
    """Of every run the kept epoch whose number of steps (column `steps`) is nearest to the shortest run's last.

    Nearest as a ratio; the swept setting and the seed name a run.
    """
    shortest = rows.loc[rows["epoch"] == rows["epochs"], "steps"].min()
    distance = (rows["steps"] / shortest).map(math.log).abs()
    return rows.assign(distance=distance).sort_values("distance", kind="stable").drop_duplicates([swept, "seed"])
