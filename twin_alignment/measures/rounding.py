"""Equality up to the rounding of the features' type: constant features, and tied values."""

import numpy as np
import torch
from torch import Tensor

UNITS = 8  # units in the last place that rounding may move a value by


class CollapseError(ValueError):
    """Features without any structure to compare: all rows are the same, or all similarities."""


def unit_roundoff(dtype: torch.dtype) -> float:
    """Relative distance of neighbouring numbers of a type; whole numbers are compared as float64."""
    return torch.finfo(dtype if dtype.is_floating_point else torch.float64).eps


def is_constant(low: Tensor, high: Tensor, dtype: torch.dtype) -> Tensor:
    """True where values between `low` and `high`, given in `dtype`, differ by rounding alone."""
    return high - low <= UNITS * unit_roundoff(dtype) * torch.maximum(low.abs(), high.abs())


def chord_tolerance(squared: Tensor, largest: float, dtype: torch.dtype) -> Tensor:
    """Difference up to which squared distances of unit rows are equal.

    Rounding moves every unit row, and so every distance, by the same amount; squares add that of their sums in float64,
    of which `largest` is the largest term. Half types are widened without a change, and are compared as float32.
    """
    relative = min(unit_roundoff(dtype), unit_roundoff(torch.float32))
    sums = 32 * UNITS * unit_roundoff(torch.float64) * largest
    return squared.clamp_min(0).sqrt_().mul_(UNITS * relative).add_(sums)


def tie_groups(values: Tensor, tolerance: Tensor) -> np.ndarray:
    """Rank of each value [n] among the different values, from 0: those within `tolerance` [n] of each other share one.

    Where values are so close that ties would chain, groups are as wide as the tolerance of their first.
    """
    order = values.cpu().numpy().argsort()
    ordered, widths = values.cpu().numpy()[order], tolerance.cpu().numpy()[order]
    new = np.diff(ordered, prepend=-np.inf) > widths
    starts = np.flatnonzero(new)
    lengths = np.diff(starts, append=len(new))
    ordered -= np.repeat(ordered[starts], lengths)
    ordered //= np.repeat(widths[starts], lengths)
    new[1:] |= np.diff(ordered) != 0
    groups = np.empty_like(order)
    groups[order] = np.cumsum(new) - 1
    return groups
