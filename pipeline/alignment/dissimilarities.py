"""RSA as other papers have it: other dissimilarities of rows than cosine, and Spearman's correlation for Pearson's.

Correlation distance is a cosine after each row's own mean is taken away, and squared Euclidean distance a difference of
products: both have an exact d x d form. Euclidean distance and ranks have none; they take all N(N-1)/2 pairs.
"""

import math
import os

import torch
from scipy.stats import rankdata
from torch import Tensor

from pipeline.alignment.chunks import CHUNK, Track, untracked
from pipeline.alignment.intervals import Estimate, Pair, Prepared, rsa

BYTES_A_PAIR = 40  # of ranks: two float64 of dissimilarities and ranks each, and an order


def rsa_correlation(pair: Pair) -> Estimate:
    """Pearson over pairs i < j of 1 - the correlation of rows; raises ValueError for a row that is constant."""
    sides = [Prepared(_row_centred(side.features), side.name) for side in (pair.first, pair.second)]
    return rsa(Pair(*sides))


def rsa_euclidean(pair: Pair, track: Track = untracked) -> Estimate:
    """Pearson over pairs i < j of Euclidean distances of raw features; O(N^2 d) operations in chunks of rows."""
    a, b = (_scaled(side.features) for side in (pair.first, pair.second))
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
    return Estimate(_cosine(xy - x * y / count, xx - x * x / count, yy - y * y / count, pair))


def rsa_spearman(pair: Pair, track: Track = untracked) -> Estimate:
    """Spearman's correlation over pairs i < j of cosine similarities, ties at their mean rank (Kriegeskorte 2008).

    Exact: O(N^2 d) operations and a sort of N(N-1)/2 pairs, in 40 bytes a pair (2 GB at 10,000 rows). Raises ValueError
    where that is more than this machine's memory.
    """
    a, b = (pair.first.unit.a, pair.second.unit.a)
    n = len(a.centred)
    if len(b.centred) != n:
        raise ValueError(f"{a.name} has {n} rows and {b.name} has {len(b.centred)}: the same inputs are compared")
    needed = BYTES_A_PAIR * n * (n - 1) // 2
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise ValueError(f"{n} rows: ranks of all pairs take {needed / 1e9:.0f} GB, this machine has {there / 1e9:.0f}")
    ranks = []
    for side in track((0, 1), 2):
        rows = (a, b)[side].centred.double()
        shifts = (a, b)[side].projections
        parts = [
            (rows[start : start + CHUNK] @ rows.T + shifts[start : start + CHUNK, None] + shifts)[
                torch.ones(min(CHUNK, n - start), n, dtype=torch.bool).triu(start + 1)
            ]
            for start in range(0, n, CHUNK)
        ]
        found = rankdata(torch.cat(parts).numpy())
        ranks.append(found - found.mean())
    x, y = ranks
    return Estimate(_cosine(float(x @ y), float(x @ x), float(y @ y), pair))


def _row_centred(features: Tensor) -> Tensor:
    rows = features.double()
    return rows - rows.mean(1, keepdim=True)


def _scaled(features: Tensor) -> Tensor:
    """Float64, centred and of unit spread: correlations know no scale, and distances keep their digits."""
    rows = features.double()
    if not rows.isfinite().all():
        raise ValueError(f"row {int((~rows.isfinite()).any(1).nonzero()[0])} is not finite")
    rows = rows - rows.mean(0)
    return rows / rows.square().sum(1).mean().sqrt().clamp_min(torch.finfo(torch.float64).tiny)


def _same_rows(a: Tensor, b: Tensor) -> int:
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} rows: the same inputs are compared")
    return len(a)


def _distances(rows: Tensor, start: int) -> Tensor:
    """Euclidean distances [chunk, N] of the rows from `start` on to all rows."""
    return torch.cdist(rows[start : start + CHUNK], rows, compute_mode="donot_use_mm_for_euclid_dist")


def _cosine(product: float, first: float, second: float, pair: Pair) -> float:
    for square, side in ((first, pair.first), (second, pair.second)):
        if not square > 0:
            raise ValueError(f"{side.name}: all dissimilarities are equal, and RSA is not defined")
    return max(-1.0, min(1.0, product / (math.sqrt(first) * math.sqrt(second))))
