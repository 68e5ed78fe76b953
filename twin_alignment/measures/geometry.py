"""Further views of how alike two representations [N, d] and [N, d'] of the same rows are."""

import math

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.chunks import CHUNK, Track, untracked
from twin_alignment.measures.jackknife import Estimate, Pair, Prepared
from twin_alignment.measures.rounding import chord_tolerance
from twin_alignment.measures.row_names import joined_tensors
from twin_alignment.measures.similarity import check_same_rows

NEIGHBOURS = 10
ROUNDED = 1e-6  # past 1 a cosine is rounding up to here


def representation_angle(cka: float) -> float:
    """Angle in degrees between two centred similarity matrices taken as vectors, whose cosine is CKA.

    The paper's Figure 1 gives such an angle without saying how it was computed; this is ours. A cosine that rounding
    carried past 1 is 1; raises ValueError for one further out.
    """
    if not abs(cka) <= 1 + ROUNDED:
        raise ValueError(f"CKA = {cka}: allowed is at most 1, as it is a cosine")
    return math.degrees(math.acos(max(-1.0, min(1.0, cka))))


def procrustes(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> float:
    """|X'Y|_* / (|X|_F |Y|_F) of centred features X, Y, in [0, 1]: 1 where a rotation and a scale make them equal.

    One minus it is half of the squared orthogonal Procrustes distance at unit norm (Schoenemann 1966). Costs one
    product of N d^2 and a singular value decomposition of d^3.

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.

    Raises:
        CollapseError: all rows of one are the same, up to rounding.
        ValueError: rows are not finite, or differ in number.
    """
    return procrustes_similarity(_pair(a, b)).value


def procrustes_similarity(pair: Pair) -> Estimate:
    """Procrustes similarity of a pair, see `procrustes`."""
    first, second = pair.raw[0].a, pair.raw[0].b
    norms = first.centred.double().norm() * second.centred.double().norm()
    nuclear = torch.linalg.svdvals(pair.raw[0].product).sum()
    return Estimate(min(1.0, float(nuclear / norms)))


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
        neighbours: of each row, 1 to N - 1.
        track: shows progress over chunks.

    Raises:
        CollapseError: all rows of one point the same way.
        ValueError: rows have no direction or differ in number, or there are too few of them.
    """
    return _shared(_pair(a, b), neighbours, track).value


def shared_neighbours(pair: Pair, track: Track = untracked) -> Estimate:
    """Share of the ten nearest neighbours of a pair that are the same, see `mutual_knn`; its chance level is that of
    neighbours drawn at random."""
    return _shared(pair, min(NEIGHBOURS, len(pair.first.features) - 1), track)


def _pair(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> Pair:
    first, second, _ = joined_tensors(a, b, "first", "second")
    return Pair(Prepared(first, "first"), Prepared(second, "second"))


def _shared(pair: Pair, neighbours: int, track: Track) -> Estimate:
    check_same_rows(pair.first.exact, pair.second.exact)
    n = len(pair.first.features)
    if not 1 <= neighbours < n:
        raise ValueError(f"neighbours = {neighbours}: expected 1 to {n - 1}, one less than the rows")
    shared, tied = 0.0, 0
    for start in track(range(0, n, CHUNK), math.ceil(n / CHUNK)):
        (first, ties), (second, other_ties) = (_near(side, start, neighbours) for side in (pair.first, pair.second))
        shared += float((first * second).sum())
        tied += int((ties | other_ties).sum())
    note = f"{tied} of {n} rows have ties for their last neighbours: the mean over all ways to break them"
    return Estimate(shared / (n * neighbours), null=neighbours / (n - 1), note=note if tied else "")


def _near(side: Prepared, start: int, neighbours: int) -> tuple[Tensor, Tensor]:
    """Chance [b, N] of every row to be a nearest neighbour of those from `start` on, and where ties decide [b]."""
    rows = side.exact
    squared = rows.squared_chords(start, CHUNK)
    squared.diagonal(start).fill_(torch.inf)  # a row is no neighbour of its own
    last = squared.topk(neighbours, dim=1, largest=False).values[:, -1:]
    tolerance = chord_tolerance(last, float(rows.lengths.max()), side.rounding)
    nearer, within = squared < last - tolerance, squared <= last + tolerance
    places, rivals = neighbours - nearer.sum(1, keepdim=True), within.sum(1, keepdim=True) - nearer.sum(1, keepdim=True)
    chances = torch.where(nearer, 1.0, torch.where(within, places / rivals, 0.0))
    return chances, (rivals > places).squeeze(1)
