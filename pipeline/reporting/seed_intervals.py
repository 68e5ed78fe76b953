"""Means over seeds with their intervals, and the tests against a number."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

Scale = Literal["plain", "fisher"]
MIN_SEEDS_OF_INTERVAL = 4  # a t interval of fewer is several times as wide as the next, and says nothing
ROUNDING = 1e-6  # by which a computed value may pass its limit
MIN_DISTANCE = 1e-9  # from the limit: atanh is infinite there


@dataclass(frozen=True)
class Interval:
    """Mean of n seeds with a 95 % interval of Student's t; fewer than MIN_SEEDS_OF_INTERVAL have none (NaN)."""

    mean: float
    low: float
    high: float
    n: int


def over_seeds(values: Sequence[float], scale: Scale = "plain") -> Interval:
    """Interval of the mean of independent runs.

    Args:
        values: one a run.
        scale: `fisher`, for a single CKA or correlation, within [-1, 1]: mean and interval of atanh(value), mapped
            back, so that no interval passes 1. Differences are not on it: atanh of a difference is no Fisher's z.

    Raises:
        ValueError: no values, or a value beyond the scale's limit.
    """
    if not len(values):
        raise ValueError("no values to average")
    on_scale = _to_scale(values, scale)
    mean = float(np.mean(on_scale))
    if len(values) < MIN_SEEDS_OF_INTERVAL:
        return Interval(_back(mean, scale), math.nan, math.nan, len(values))
    half = float(stdtrit(len(values) - 1, 0.975)) * _standard_error(on_scale)
    return Interval(_back(mean, scale), _back(mean - half, scale), _back(mean + half, scale), len(values))


def one_sided_p(values: Sequence[float], number: float, side: float = 1.0, scale: Scale = "plain") -> float:
    """p of Student's one-sample t test that the mean is beyond a number.

    Args:
        values: one a run.
        number: that the mean is compared with.
        side: 1: the alternative is that the mean is above the number; -1: below.
        scale: as of `over_seeds`.

    Returns:
        p; nan for one value.
    """
    if len(values) < 2:
        return math.nan
    on_scale = _to_scale(values, scale)
    distance = side * (float(np.mean(on_scale)) - float(_to_scale([number], scale)[0]))
    error = _standard_error(on_scale)
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stdtr(len(values) - 1, -distance / error))


def p_value(values: Sequence[float], number: float, scale: Scale = "plain") -> float:
    """Two-sided p of Student's one-sample t test of the mean against a number; nan for one value."""
    p = [one_sided_p(values, number, side, scale) for side in (1.0, -1.0)]
    return math.nan if math.isnan(p[0]) else min(1.0, 2 * min(p))


def equivalence_p(values: Sequence[float], number: float, margin: float) -> float:
    """p of two one-sided t tests that the mean is within a margin of a number: the larger one (Schuirmann 1987)."""
    above, below = one_sided_p(values, number - margin), one_sided_p(values, number + margin, -1.0)
    return math.nan if math.isnan(above) else max(above, below)


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
    if (np.abs(numbers) > 1 + ROUNDING).any():
        raise ValueError(f"scale {scale}: expected values within 1, got {numbers[np.abs(numbers).argmax()]}")
    z: np.ndarray = np.arctanh(np.clip(numbers, MIN_DISTANCE - 1, 1 - MIN_DISTANCE))
    return z


def _back(value: float, scale: Scale) -> float:
    return value if scale == "plain" else math.tanh(value)
