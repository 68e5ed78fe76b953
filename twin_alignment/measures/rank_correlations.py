"""Spearman's correlation of cosine distances over all N(N-1)/2 pairs, with two treatments of ties.

Spearman's correlation favours a representation whose many distances are equal (one-hot classes) over one that orders
them all; rho-a, which is the mean over all ways to break ties, does not (Schuett et al. 2023).
"""

import math
from collections.abc import Callable

import numpy as np
from torch import Tensor

from twin_alignment.measures.block_jackknife import block_interval
from twin_alignment.measures.chunks import Track, untracked
from twin_alignment.measures.distance_ranks import distance_ranks, pairs_within
from twin_alignment.measures.feature_set import Estimate, Pair
from twin_alignment.measures.null import mantel_sd

Norm = Callable[[np.ndarray, np.ndarray], float]  # what a product of centred ranks is divided by


def rsa_spearman(pair: Pair, track: Track = untracked) -> Estimate:
    """Spearman's correlation over pairs i < j of cosine distances, ties at their mean rank (Kriegeskorte 2008).

    Exact: O(N^2 d) operations and a sort of N(N-1)/2 pairs. The interval is a jackknife over ten blocks of rows, and
    the chance level is exact (Mantel 1967, of ranks).

    Args:
        pair: both sides.
        track: shows progress.

    Raises:
        CollapseError: all distances of a side are equal.
        ValueError: the pairs take more memory than this machine has, or rows differ in number.

    Example:
        >>> import numpy as np
        >>> from twin_alignment.measures.geometry import pair_of
        >>> x = np.random.default_rng(0).normal(size=(20, 3))
        >>> round(rsa_spearman(pair_of(x, 2 * x)).value, 6)
        1.0
    """
    return _estimate(pair, track, lambda x, y: math.sqrt(float(x @ x) * float(y @ y)))


def rsa_rho_a(pair: Pair, track: Track = untracked) -> Estimate:
    """Spearman's correlation, its mean over all ways to break ties (Schuett et al. 2023).

    Interval, chance level, cost and errors are those of `rsa_spearman`.

    Example:
        >>> import numpy as np
        >>> from twin_alignment.measures.geometry import pair_of
        >>> classes = np.eye(4)[np.arange(20) % 4]
        >>> round(rsa_rho_a(pair_of(classes, classes)).value, 3)  # most distances are tied
        0.499
    """
    return _estimate(pair, track, lambda x, y: (len(x) ** 3 - len(x)) / 12)


def _estimate(pair: Pair, track: Track, norm: Norm) -> Estimate:
    both, n = distance_ranks(pair, track), len(pair.first.features)
    x, y = (_centred(ranks) for ranks in both)
    value = _correlation(x, y, norm)

    def without(rows: Tensor) -> float:
        within = pairs_within(rows, n)
        first, second = (_centred(ranks[within]) for ranks in both)
        return _correlation(first, second, norm)

    low, high = block_interval(value, n, without, -1.0, track)
    sizes = [float(rank @ rank) for rank in (x, y)]
    sums = [float(np.square(_row_sums(rank, n)).sum()) for rank in (x, y)]
    sd = mantel_sd(n, [2 * size for size in sizes], sums) * math.sqrt(sizes[0] * sizes[1]) / norm(x, y)
    return Estimate(value, low, high, 0.0, sd)


def _correlation(x: np.ndarray, y: np.ndarray, norm: Norm) -> float:
    return max(-1.0, min(1.0, float(x @ y) / norm(x, y)))


def _centred(ranks: np.ndarray) -> np.ndarray:
    """Ranks less their mean, ties at the mean of theirs, from ranks among the different values."""
    counts = np.bincount(ranks)
    of_value = np.cumsum(counts) - counts / 2 - len(ranks) / 2
    centred: np.ndarray = of_value[ranks]
    return centred


def _row_sums(values: np.ndarray, n: int) -> np.ndarray:
    """Sum over j != i [n] of the values of the pairs i < j."""
    sums, first = np.zeros(n), 0
    for row in range(n - 1):
        later = values[first : first + n - 1 - row]
        sums[row] += later.sum()
        sums[row + 1 :] += later
        first += len(later)
    return sums
