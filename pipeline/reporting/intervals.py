"""Means over seeds with their uncertainty."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit


@dataclass(frozen=True)
class Interval:
    """Mean of n seeds with a 95 % interval of Student's t; a single seed has no interval (NaN)."""

    mean: float
    low: float
    high: float
    n: int


def over_seeds(values: Sequence[float]) -> Interval:
    """Interval of the mean of independent runs; raises ValueError for no values."""
    if not values:
        raise ValueError("no values to average")
    mean = float(np.mean(values))
    if len(values) == 1:
        return Interval(mean, math.nan, math.nan, 1)
    half = float(stdtrit(len(values) - 1, 0.975) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return Interval(mean, mean - half, mean + half, len(values))
