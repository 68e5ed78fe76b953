"""Jackknife over blocks of rows, for measures whose values without one row have no short form."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.special import stdtrit
from torch import Tensor

from twin_alignment.measures.chunks import Track, untracked
from twin_alignment.measures.jackknife import interval
from twin_alignment.randomness import keyed_generator

BLOCKS = 10  # ten more evaluations, each of nine tenths of the rows


def block_interval(
    value: float, rows: int, value_of: Callable[[Tensor], float], minimum: float, track: Track = untracked
) -> tuple[float, float]:
    """95 % interval over rows from a jackknife over ten blocks of rows (Shao and Tu 1995, delete-a-group).

    Rows fall into blocks at random, in the same way for every pair with this number of rows. The quantile is that of
    Student's t with one degree of freedom less than there are blocks.

    Args:
        value: the measure of all rows.
        rows: number of rows N; fewer than ten are left out one after another.
        value_of: the measure of the rows with given numbers.
        minimum: lower end of the measure's range; the upper end is 1.
        track: shows progress over blocks.

    Returns:
        Both ends. The whole range, where the measure is not defined without one of the blocks.
    """
    order = keyed_generator(0, "jackknife blocks", rows).permutation(rows)
    count = min(BLOCKS, rows)
    replicates = []
    for block in track(range(count), count):
        try:
            replicates.append(value_of(torch.from_numpy(np.sort(np.delete(order, slice(block, None, count))))))
        except ValueError:
            return minimum, 1.0
    return interval(value, torch.tensor(replicates, dtype=torch.float64), minimum, float(stdtrit(count - 1, 0.975)))
