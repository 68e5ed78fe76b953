"""Growth of a gap between weights with the sum of learning rates: as a power, or exponentially."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

MIN_POINTS = 3  # points, as a line through two fits whatever they are


@dataclass(frozen=True)
class Growth:
    """Least squares of log(gap), with two constants in either form, so that their R^2 are of the same thing.

    Theorem 2's own form, a (e^{beta s} - 1), is steeper than a power 1 at every s: a power below 1 speaks against it
    whatever beta is.
    """

    power: float  # p of gap ~ s^p
    power_r_squared: float
    exponential: float  # beta of gap ~ e^{beta s}
    exponential_r_squared: float
    better: Literal["power", "exponential"]  # the form with the larger R^2


def growth(sum_of_rates: Sequence[float], gaps: Sequence[float]) -> Growth:
    """Fit a power and an exponential.

    Args:
        sum_of_rates: sums of learning rates [n], above 0 and not all equal.
        gaps: gaps [n], at least three, above 0 and not all equal.

    Raises:
        ValueError: fewer gaps, or others.

    Example:
        >>> round(growth([1, 2, 4], [1, 4, 16]).power, 6)
        2.0
    """
    x, y = np.asarray(sum_of_rates, dtype=float), np.asarray(gaps, dtype=float)
    if len(y) < MIN_POINTS or not (y > 0).all() or len(set(y)) == 1:
        raise ValueError(f"gaps = {list(gaps)}: expected at least {MIN_POINTS} values, all above 0 and not all equal")
    if not (x > 0).all() or len(set(x)) == 1:
        raise ValueError(f"sums of rates = {list(sum_of_rates)}: expected values above 0 that are not all equal")
    power, exponential = _line(np.log(x), np.log(y)), _line(x, np.log(y))
    return Growth(*power, *exponential, better="power" if power[1] >= exponential[1] else "exponential")


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """(slope, R^2) of the least-squares line."""
    slope, offset = np.polyfit(x, y, 1)
    residual = y - (slope * x + offset)
    return float(slope), float(1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum())
