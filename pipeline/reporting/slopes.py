"""How a measure moves with a swept setting, seed by seed."""

from collections.abc import Hashable

import numpy as np
import pandas as pd


def slopes(rows: pd.DataFrame, swept: str, measure: str) -> list[float]:
    """Of every seed the least-squares slope of the measure in the logarithm of the swept setting.

    Seeds that were run at one value only have none.
    """
    return list(slopes_by_seed(rows.assign(**{swept: np.log(rows[swept])}), swept, measure).values())


def slopes_by_seed(rows: pd.DataFrame, swept: str, measure: str) -> dict[Hashable, float]:
    """Seed -> least-squares slope of the measure in the swept value itself."""
    groups = {seed: own for seed, own in rows.groupby("seed") if own[swept].nunique() > 1}
    return {seed: float(np.polyfit(own[swept], own[measure], 1)[0]) for seed, own in groups.items()}
