"""Ranks of the cosine distances of all pairs of rows; distances equal up to rounding are ties and share one."""

import os

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.chunks import CHUNK, Track
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.representation import check_same_rows
from twin_alignment.measures.rounding import CollapseError, chord_tolerance, tie_groups

BYTES_PER_PAIR = 100  # at the peak, of sorting


def distance_ranks(pair: Pair, track: Track, sample: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the rank of the distance of every pair i < j among the different distances, of both sides.

    Args:
        pair: both sides.
        track: shows progress over the sides.
        sample: sorted numbers of the pairs to take, of (0, 1), (0, 2) ... (1, 2) ...; None: all.

    Returns:
        Whole numbers from 0 for each side, in the order of the pairs.

    Raises:
        CollapseError: all distances of a side are equal.
        ValueError: the pairs take more memory than this machine has, or rows differ in number.
    """
    sides = (pair.first, pair.second)
    check_same_rows(pair.first.exact, pair.second.exact)
    n = len(pair.first.features)
    needed = BYTES_PER_PAIR * (n * (n - 1) // 2 if sample is None else len(sample))
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > installed:
        raise ValueError(
            f"{n} rows: ranks of all pairs take {needed / 1e9:.0f} GB, expected at most {installed / 1e9:.0f}"
        )
    first, second = (_ranks(sides[index], sample) for index in track((0, 1), 2))
    for ranks, side in zip((first, second), sides, strict=True):
        if not ranks.any():
            raise CollapseError(f"{side.name}: all distances of rows are equal, and ranks are not defined")
    return first, second


def pairs_within(rows: Tensor, n: int) -> np.ndarray:
    """Return True for every pair i < j [n(n-1)/2] of two of the rows with these numbers."""
    chosen = np.zeros(n, dtype=bool)
    chosen[rows.numpy()] = True
    return np.concatenate([chosen[row + 1 :] & chosen[row] for row in range(n)])


def _ranks(side: FeatureSet, sample: np.ndarray | None) -> np.ndarray:
    rows, n = side.exact, len(side.features)
    parts, first = [], 0
    for start in range(0, n, CHUNK):
        squared = rows.squared_chords(start, CHUNK)
        later = squared[torch.ones_like(squared, dtype=torch.bool).triu(start + 1)]
        if sample is None:
            parts.append(later)
        else:
            places = sample[slice(*np.searchsorted(sample, (first, first + len(later))))] - first
            parts.append(later[torch.from_numpy(places).to(later.device)])
            first += len(later)
    distances = torch.cat(parts)
    return tie_groups(distances, chord_tolerance(distances, float(rows.lengths.max()), side.rounding))
