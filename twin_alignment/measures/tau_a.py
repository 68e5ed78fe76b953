"""Kendall's tau-a of cosine distances over pairs of rows; tied distances are undecided."""

import math

import numpy as np
from scipy.stats import kendalltau
from torch import Tensor

from twin_alignment.measures.block_jackknife import block_interval
from twin_alignment.measures.chunks import Track, untracked
from twin_alignment.measures.distance_ranks import distance_ranks, pairs_within
from twin_alignment.measures.feature_set import Estimate, Pair
from twin_alignment.randomness import keyed_generator

MAX_PAIRS = 2**26  # 11,586 rows
MAX_INTERVAL_PAIRS = 2**22  # 2,897 rows
SAMPLED = "a random sample of {taken:,} of {pairs:,} pairs of rows"
NO_INTERVAL = "no interval, which would take ten more sorts of {pairs:,} pairs"


def rsa_tau_a(pair: Pair, track: Track = untracked) -> Estimate:
    """Kendall's correlation: concordant less discordant pairs of distances, over all of them (Nili et al. 2014).

    Takes O(N^2 d) operations, and O(P log P) for P = N(N-1)/2 pairs of rows. Of more than 2^26 pairs it takes a random
    sample, and a note says of how many. The chance level is 0 by symmetry; its standard deviation has no short form.
    The interval is a jackknife over ten blocks of rows. It takes ten more sorts, and is left out above 2^22 pairs.

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
        >>> round(rsa_tau_a(pair_of(x, 2 * x)).value, 6)
        1.0
    """
    n = len(pair.first.features)
    pairs = n * (n - 1) // 2
    sample = _sample(n, pairs) if pairs > MAX_PAIRS else None
    x, y = distance_ranks(pair, track, sample)
    value, notes = _tau_a(x, y), []
    if sample is not None:
        notes.append(SAMPLED.format(taken=len(sample), pairs=pairs))
    if sample is not None or pairs > MAX_INTERVAL_PAIRS:
        notes.append(NO_INTERVAL.format(pairs=len(x)))
        return Estimate(value, null=0.0, note="; ".join(notes))

    def without(rows: Tensor) -> float:
        within = pairs_within(rows, n)
        return _tau_a(x[within], y[within])

    return Estimate(value, *block_interval(value, n, without, -1.0, track), 0.0)


def _sample(rows: int, pairs: int) -> np.ndarray:
    """Sorted numbers of pairs, each at most once, keyed by the number of rows."""
    return np.unique(keyed_generator(0, "pairs of rows of tau-a", rows).integers(pairs, size=MAX_PAIRS))


def _tau_a(x: np.ndarray, y: np.ndarray) -> float:
    total = len(x) * (len(x) - 1) // 2
    untied = math.prod(math.sqrt((total - _tied(ranks)) / total) for ranks in (x, y))
    return float(kendalltau(x, y).statistic) * untied  # SciPy's tau-b is over the untied of both


def _tied(ranks: np.ndarray) -> int:
    """Pairs of equal values."""
    counts = np.bincount(ranks)
    return int((counts * (counts - 1) // 2).sum())
