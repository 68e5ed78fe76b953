"""Rank correlations of cosine distances over all N(N-1)/2 pairs; distances equal up to rounding are ties.

Spearman's correlation favours a representation whose many distances are equal (one-hot classes) over one that orders
them all; rho-a and tau-a, which count ties as undecided, do not (Schuett et al. 2023).
"""

import math
import os

import numpy as np
import torch
from scipy.stats import kendalltau

from twin_alignment.measures.chunks import CHUNK, Track, untracked
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.representation import check_same_rows
from twin_alignment.measures.rounding import CollapseError, chord_tolerance, tie_groups

BYTES_PER_PAIR = 100  # at the peak, of sorting


def rsa_spearman(pair: Pair, track: Track = untracked) -> Estimate:
    """Spearman's correlation over pairs i < j of cosine distances, ties at their mean rank (Kriegeskorte 2008).

    Exact: O(N^2 d) operations and a sort of N(N-1)/2 pairs.

    Raises:
        CollapseError: all distances of a side are equal.
        ValueError: the pairs take more memory than this machine has, or rows differ in number.
    """
    x, y = (_centred_ranks(groups) for groups in _grouped(pair, track))
    return Estimate(max(-1.0, min(1.0, float(x @ y) / math.sqrt(float(x @ x) * float(y @ y)))))


def rsa_rho_a(pair: Pair, track: Track = untracked) -> Estimate:
    """Spearman's correlation, its mean over all ways to break ties; raises as `rsa_spearman` does."""
    x, y = (_centred_ranks(groups) for groups in _grouped(pair, track))
    return Estimate(12 * float(x @ y) / (len(x) ** 3 - len(x)))


def rsa_tau_a(pair: Pair, track: Track = untracked) -> Estimate:
    """Kendall's correlation, concordant less discordant pairs of distances over all of them; raises as `rsa_spearman`
    does."""
    x, y = _grouped(pair, track)
    total = len(x) * (len(x) - 1) // 2
    untied = math.prod(math.sqrt((total - _tied(groups)) / total) for groups in (x, y))
    return Estimate(float(kendalltau(x, y).statistic) * untied)  # SciPy's tau-b is over the untied of both


def _grouped(pair: Pair, track: Track) -> list[np.ndarray]:
    """Rank of the distance of every pair i < j among the different distances, of both sides."""
    sides = (pair.first, pair.second)
    check_same_rows(pair.first.exact, pair.second.exact)
    n = len(pair.first.features)
    needed = BYTES_PER_PAIR * n * (n - 1) // 2
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > installed:
        raise ValueError(
            f"{n} rows: ranks of all pairs take {needed / 1e9:.0f} GB, expected at most {installed / 1e9:.0f}"
        )
    both = [_groups(sides[index]) for index in track((0, 1), 2)]
    for groups, side in zip(both, sides, strict=True):
        if not groups.any():
            raise CollapseError(f"{side.name}: all distances of rows are equal, and ranks are not defined")
    return both


def _groups(side: FeatureSet) -> np.ndarray:
    rows, n = side.exact, len(side.features)
    parts = []
    for start in range(0, n, CHUNK):
        squared = rows.squared_chords(start, CHUNK)
        parts.append(squared[torch.ones_like(squared, dtype=torch.bool).triu(start + 1)])
    distances = torch.cat(parts)
    return tie_groups(distances, chord_tolerance(distances, float(rows.lengths.max()), side.rounding))


def _centred_ranks(groups: np.ndarray) -> np.ndarray:
    """Ranks less their mean, ties at the mean of theirs."""
    counts = np.bincount(groups)
    of_group = np.cumsum(counts) - counts / 2 - len(groups) / 2
    ranks: np.ndarray = of_group[groups]
    return ranks


def _tied(groups: np.ndarray) -> int:
    """Pairs of equal values."""
    counts = np.bincount(groups)
    return int((counts * (counts - 1) // 2).sum())
