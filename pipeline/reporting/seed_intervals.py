"""Means over seeds with their intervals, and the test against a number."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

Scale = Literal["plain", "fisher", "fisher_difference"]
LIMITS: dict[Scale, float] = {"fisher": 1.0, "fisher_difference": 2.0}  # of the values of a quantity
ROUNDING = 1e-6  # by which a computed value may pass its limit
MIN_DISTANCE = 1e-9  # from the limit, as a share of it: atanh is infinite there


@dataclass(frozen=True)
class Interval:
    """Mean of n seeds with a 95 % interval of Student's t; a single seed has no interval (NaN)."""

    mean: float
    low: float
    high: float
    n: int


def over_seeds(values: Sequence[float], scale: Scale = "plain") -> Interval:
    """Interval of the mean of independent runs.

    Args:
        values: one a run.
        scale: `fisher`, for correlations, CKA and differences of CKA, all within [-1, 1]: mean and interval of
            atanh(value), mapped back, so that no interval passes 1. `fisher_difference`: the same of half the values,
            for differences of correlations, within [-2, 2].

    Raises:
        ValueError: no values, or a value beyond the scale's limit.
    """
    if not len(values):
        raise ValueError("no values to average")
    on_scale = _to_scale(values, scale)
    mean = float(np.mean(on_scale))
    if len(values) == 1:
        return Interval(_back(mean, scale), math.nan, math.nan, 1)
    half = float(stdtrit(len(values) - 1, 0.975)) * _standard_error(on_scale)
    return Interval(_back(mean, scale), _back(mean - half, scale), _back(mean + half, scale), len(values))


def p_value(values: Sequence[float], number: float, scale: Scale = "plain") -> float:
    """Two-sided p of Student's one-sample t test of the mean against a number, on a scale; nan for one value."""
    if len(values) < 2:
        return math.nan
    on_scale = _to_scale(values, scale)
    distance, error = abs(float(np.mean(on_scale)) - float(_to_scale([number], scale)[0])), _standard_error(on_scale)
    if error == 0:
        return 0.0 if distance else 1.0
    return float(2 * stdtr(len(values) - 1, -distance / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values of a family of tests, in their order (Holm 1979).

    With all below 0.05 taken as findings, the chance of one false finding or more is at most 0.05, however the tests
    depend on each other.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def pseudo_values(seeds: Sequence[int], statistic: Callable[[Sequence[int]], float]) -> list[float]:
    """Jackknife pseudo-values: n times the statistic of all seeds minus n - 1 times that without one seed, by seed.

    `over_seeds` of these is the jackknife's interval, also of a mean over pairs of seeds, which are not independent of
    each other. Its variance is then too large rather than too small (Efron and Stein 1981).
    """
    overall, n = statistic(seeds), len(seeds)
    return [n * overall - (n - 1) * statistic([*seeds[:i], *seeds[i + 1 :]]) for i in range(n)]


def _standard_error(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def _to_scale(values: Sequence[float], scale: Scale) -> np.ndarray:
    numbers = np.asarray(values, dtype=float)
    if scale == "plain":
        return numbers
    share = numbers / LIMITS[scale]
    if (np.abs(share) > 1 + ROUNDING).any():
        raise ValueError(
            f"scale {scale}: expected values within {LIMITS[scale]:g}, got {numbers[np.abs(share).argmax()]}"
        )
    return np.arctanh(np.clip(share, MIN_DISTANCE - 1, 1 - MIN_DISTANCE))


def _back(value: float, scale: Scale) -> float:
    return value if scale == "plain" else LIMITS[scale] * math.tanh(value)
