"""Linear CKA and RSA on cosine similarities, exact, from d x d statistics: no N x N matrix.

With unit rows u_i = m + e_i (m their mean) and c_i = m . e_i, a cosine similarity is

    S_ij = |m|^2 + [e_i, c_i, 1] . [e_j, 1, c_j],

so that every sum over pairs of (S_ij - |m|^2)(S'_ij - |m'|^2) is a product of two (d+2) x (d'+2) matrices. The shift
matters: at initialisation all cosines are within 1e-6 of 1 and unshifted sums lose their digits even in float64.
"""

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Representation:
    """Rows of one representation, prepared for comparison."""

    centred: Tensor  # e [N, d] float64: unit rows minus their mean m
    projections: Tensor  # c [N] = m . e_i
    diagonal: float  # S_ii - |m|^2 = 1 - |m|^2, computed as the mean of |e_i|^2, which keeps its digits


@dataclass(frozen=True)
class Similarity:
    """Agreement of two representations; both are 1 for equal similarity structure."""

    cka: float  # in [0, 1]
    rsa: float  # in [-1, 1]


def representation(features: Tensor, name: str) -> Representation:
    """Normalise rows [N, d]; raises ValueError naming the representation for rows without a direction."""
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"{name}: expected at least 2 rows of features, got shape {tuple(features.shape)}")
    rows = features.double()
    norms = rows.norm(dim=1, keepdim=True)
    bad = ~(norms.isfinite() & (norms > 0)).squeeze(1)
    if bad.any():
        raise ValueError(f"{name}: row {int(bad.nonzero()[0])} is zero or not finite and has no cosine similarity")
    unit = rows / norms
    mean = unit.mean(0)
    centred = unit - mean
    return Representation(centred, centred @ mean, centred.square().sum().item() / len(centred))


def similarity(a: Representation, b: Representation) -> Similarity:
    """CKA and RSA of two representations of the same N inputs in the same order.

    CKA = <HSH, HS'H>_F / (|HSH|_F |HS'H|_F) with H = I - 11'/N (Kornblith et al. 2019, eq. 3); RSA = Pearson
    correlation of S and S' over the pairs i < j (Kriegeskorte et al. 2008). Costs three products of N d^2.
    Raises ValueError where rows differ in number or a representation has the same similarity everywhere.
    """
    n = len(a.centred)
    if len(b.centred) != n:
        raise ValueError(f"representations have {n} and {len(b.centred)} rows: the same inputs are compared")
    cross, own_a, own_b = (_pair_products(*pair) for pair in ((a, b), (a, a), (b, b)))
    return Similarity(
        cka=_cosine(cross.centred, own_a.centred, own_b.centred, "CKA"),
        rsa=_cosine(cross.covariance, own_a.covariance, own_b.covariance, "RSA"),
    )


@dataclass(frozen=True)
class _PairProducts:
    centred: float  # <HSH, HS'H>_F = |E'E|_F^2
    covariance: float  # of S and S' over ordered pairs i != j, times their number


def _pair_products(a: Representation, b: Representation) -> _PairProducts:
    n = len(a.centred)
    centred = (a.centred.T @ b.centred).square().sum().item()
    # the sum over all i, j is <[E,c,1]'[E',c',1], [E,1,c]'[E',1,c']>_F, where E and c sum to zero over the rows
    all_pairs = centred + 2 * n * (a.projections @ b.projections).item()
    products = all_pairs - n * a.diagonal * b.diagonal
    totals = n * a.diagonal * n * b.diagonal  # each sum over i != j is minus its diagonal, as the whole sum is zero
    return _PairProducts(centred, products - totals / (n * (n - 1)))


def _cosine(cross: float, own_a: float, own_b: float, measure: str) -> float:
    if own_a <= 0 or own_b <= 0:
        raise ValueError(f"{measure} is not defined: all similarities of a representation are equal")
    return max(-1.0, min(1.0, cross / math.sqrt(own_a * own_b)))
