"""Nearest neighbours by cosine that two representations share."""

import math

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.block_jackknife import block_interval
from twin_alignment.measures.chunks import CHUNK, Track, untracked
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.geometry import pair_of
from twin_alignment.measures.representation import check_same_rows
from twin_alignment.measures.rounding import chord_tolerance

NEIGHBOURS = 10


def mutual_knn(
    a: np.ndarray | Tensor, b: np.ndarray | Tensor, neighbours: int = NEIGHBOURS, track: Track = untracked
) -> float:
    """Share of a row's nearest neighbours by cosine that are the same in both, in [0, 1] (Huh et al. 2024).

    Rows that are equally far, up to rounding, compete for the last places: the value is the mean over all ways to break
    such ties in both, so that a representation with ties agrees with itself by less than 1. O(N^2 d) operations, in
    chunks of rows: no N x N matrix. Unrelated rows give neighbours / (N - 1).

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.
        neighbours: number of neighbours of each row, 1 to N - 1.
        track: shows progress over chunks.

    Raises:
        CollapseError: all rows of one point the same way.
        ValueError: rows have no direction or differ in number, or there are too few of them.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(20, 3))
        >>> mutual_knn(x, 2 * x, neighbours=5)
        1.0
    """
    return _shared(pair_of(a, b), neighbours, track)[0]


def shared_neighbours(pair: Pair, track: Track = untracked) -> Estimate:
    """Share of the ten nearest neighbours of a pair, see `mutual_knn`.

    The interval is a jackknife over ten blocks of rows. The chance level is the share of neighbours drawn at random.
    """
    n = len(pair.first.features)
    neighbours = min(NEIGHBOURS, n - 1)
    value, tied = _shared(pair, neighbours, track)

    def without(rows: Tensor) -> float:
        return _shared(pair.take(rows), min(neighbours, len(rows) - 1), untracked)[0]

    low, high = block_interval(value, n, without, 0.0, track)
    note = f"{tied} of {n} rows have ties for their last neighbours: the mean over all ways to break them"
    return Estimate(value, low, high, neighbours / (n - 1), note=note if tied else "")


def check_neighbours(pair: Pair, neighbours: int, minimum: int = 1) -> None:
    """Raise ValueError where rows differ in number or are too few for this number of neighbours."""
    check_same_rows(pair.first.exact, pair.second.exact)
    n = len(pair.first.features)
    if not minimum <= neighbours < n:
        raise ValueError(f"neighbours = {neighbours}: expected {minimum} to {n - 1}, one less than the rows")


def _shared(pair: Pair, neighbours: int, track: Track) -> tuple[float, int]:
    """Share of the neighbours that are the same, and the number of rows where ties decide."""
    check_neighbours(pair, neighbours)
    n = len(pair.first.features)
    shared, tied = 0.0, 0
    for start in track(range(0, n, CHUNK), math.ceil(n / CHUNK)):
        (first, ties), (second, ties_of_second) = (
            neighbour_chances(side, start, neighbours) for side in (pair.first, pair.second)
        )
        shared += float((first * second).sum())
        tied += int((ties | ties_of_second).sum())
    return shared / (n * neighbours), tied


def neighbour_chances(side: FeatureSet, start: int, neighbours: int) -> tuple[Tensor, Tensor]:
    """Chance [b, N] of every row to be a nearest neighbour of those from `start` on, and where ties decide [b]."""
    rows = side.exact
    squared = rows.squared_chords(start, CHUNK)
    squared.diagonal(start).fill_(torch.inf)  # a row is not its own neighbour
    last = squared.topk(neighbours, dim=1, largest=False).values[:, -1:]
    tolerance = chord_tolerance(last, float(rows.lengths.max()), side.rounding)
    nearer, within = squared < last - tolerance, squared <= last + tolerance
    places, rivals = neighbours - nearer.sum(1, keepdim=True), within.sum(1, keepdim=True) - nearer.sum(1, keepdim=True)
    chances = torch.where(nearer, 1.0, torch.where(within, places / rivals, 0.0))
    return chances, (rivals > places).squeeze(1)
