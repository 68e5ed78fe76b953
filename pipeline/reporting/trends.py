"""Trends of a measure over a swept setting, tested over seeds, and the runs of a sweep that may be compared."""

from collections.abc import Hashable

import numpy as np
import pandas as pd

from pipeline.reporting.seed_intervals import over_seeds

STEP_TOLERANCE = 0.1  # relative; epochs are whole numbers, so equal numbers of steps are only nearly equal


def log_slopes(rows: pd.DataFrame, factor: str, measure: str) -> list[float]:
    """Least-squares slope of a measure in the logarithm of a factor, one a seed; none of a seed with a single value."""
    return list(slopes_by_seed(rows.assign(**{factor: np.log(rows[factor])}), factor, measure).values())


def slopes_by_seed(rows: pd.DataFrame, factor: str, measure: str) -> dict[Hashable, float]:
    """Seed -> least-squares slope of a measure in the factor itself."""
    groups = {seed: group for seed, group in rows.groupby("seed") if group[factor].nunique() > 1}
    return {seed: float(np.polyfit(group[factor], group[measure], 1)[0]) for seed, group in groups.items()}


def trend(rows: pd.DataFrame, factor: str, measure: str) -> str:
    """`rises` or `falls` where the slope's 95 % interval over seeds excludes 0, else `undecided`."""
    slopes = log_slopes(rows, factor, measure)
    if len(slopes) < 2:
        return "undecided"
    interval = over_seeds(slopes)
    return "rises" if interval.low > 0 else "falls" if interval.high < 0 else "undecided"


def at_steps_of_most_classes(ends: pd.DataFrame) -> pd.DataFrame:
    """Select runs with the same number of steps as the longest run with most classes.

    Args:
        ends: rows at the end of runs, with `classes` and `steps`. Fewer classes have fewer images and fewer steps.
    """
    steps = float(_most_classes(ends)["steps"].max())
    return ends[(ends["steps"] / steps - 1).abs() <= STEP_TOLERANCE]


def at_epochs_of_most_classes(ends: pd.DataFrame) -> pd.DataFrame:
    """Select runs with the same number of epochs as the longest run with most classes."""
    return ends[ends["epochs"] == float(_most_classes(ends)["epochs"].max())]


def _most_classes(ends: pd.DataFrame) -> pd.DataFrame:
    return ends[ends["classes"] == float(ends["classes"].max())]
