"""RSA on correlation and on Euclidean distances of rows, as in other papers.

Correlation distance is a cosine after each row's own mean is taken away, and has an exact d x d form. Euclidean
distance has none and takes all N(N-1)/2 pairs.
"""

import math

import torch
from torch import Tensor

from twin_alignment.measures.block_jackknife import block_interval
from twin_alignment.measures.chunks import CHUNK, Track, untracked
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.jackknife import rsa
from twin_alignment.measures.representation import centred_at_zero, check_varied
from twin_alignment.measures.rounding import is_constant


def rsa_correlation(pair: Pair) -> Estimate:
    """Pearson over pairs i < j of 1 - the correlation of rows; raises ValueError for a row that is constant."""
    return rsa(Pair(_row_centred(pair.first), _row_centred(pair.second)))


def rsa_euclidean(pair: Pair, track: Track = untracked) -> Estimate:
    """Pearson over pairs i < j of Euclidean distances of raw features; O(N^2 d) operations in chunks of rows.

    The interval is a jackknife over ten blocks of rows. The mean over all orders of one side's rows is 0.
    """
    value, n = _euclidean(pair, track), len(pair.first.features)
    low, high = block_interval(value, n, lambda rows: _euclidean(pair.take(rows), untracked), -1.0, track)
    return Estimate(value, low, high, 0.0)


def _euclidean(pair: Pair, track: Track) -> float:
    a, b = (_scaled(side) for side in (pair.first, pair.second))
    n, sums = _same_rows(a, b), torch.zeros(6, dtype=torch.float64)
    pivots = None
    for start in track(range(0, n, CHUNK), math.ceil(n / CHUNK)):
        above = torch.ones(min(CHUNK, n - start), n, dtype=torch.bool).triu(start + 1)
        x, y = (_distances(side, start)[above] for side in (a, b))
        if len(x) == 0:
            continue
        if pivots is None:
            pivots = x.mean(), y.mean()  # near the mean, so that sums of squares keep their digits
        x, y = x - pivots[0], y - pivots[1]
        sums += torch.stack([x.new_tensor(len(x)), x.sum(), y.sum(), x @ x, y @ y, x @ y])
    count, x, y, xx, yy, xy = sums.tolist()
    return _cosine(xy - x * y / count, xx - x * x / count, yy - y * y / count, pair)


def _row_centred(side: FeatureSet) -> FeatureSet:
    rows = side.features.double()
    if rows.ndim == 2 and rows.numel():
        constant = is_constant(*rows.aminmax(dim=1), side.features.dtype)
        if constant.any():
            raise ValueError(f"{side.name}: row {int(constant.nonzero()[0])} is constant and has no correlation")
        check_varied(rows, side.name, side.features.dtype)
        rows = centred_at_zero(rows, dim=1)
    return FeatureSet(rows, side.name, side.features.dtype)


def _scaled(side: FeatureSet) -> Tensor:
    """Return float64 rows, centred and of unit spread: correlations ignore scale, and distances keep their digits."""
    rows = side.features.double()
    check_varied(rows, side.name, side.features.dtype)
    rows = centred_at_zero(rows)
    return rows / rows.square().sum(1).mean().sqrt()


def _same_rows(a: Tensor, b: Tensor) -> int:
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} rows, expected the same inputs")
    return len(a)


def _distances(rows: Tensor, start: int) -> Tensor:
    """Euclidean distances [chunk, N] of the rows from `start` on to all rows."""
    return torch.cdist(rows[start : start + CHUNK], rows, compute_mode="donot_use_mm_for_euclid_dist")


def _cosine(product: float, first: float, second: float, pair: Pair) -> float:
    for square, side in ((first, pair.first), (second, pair.second)):
        if not square > 0:
            raise ValueError(f"{side.name}: all dissimilarities are equal, and RSA is not defined")
    return max(-1.0, min(1.0, product / (math.sqrt(first) * math.sqrt(second))))
