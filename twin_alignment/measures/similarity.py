"""Linear CKA and RSA on cosine similarities, exact, from d x d statistics: no N x N matrix.

With unit rows u_i = m + e_i (m their mean), c_i = m . e_i and q = mean |e_i|^2 = 1 - |m|^2, a cosine similarity is

    S_ij = 1 - q + T_ij,    T_ij = e_i . e_j + c_i + c_j,    c_i = (q - |e_i|^2) / 2,

and every sum over pairs of T_ij T'_ij follows from E'E' [d, d'] and sums over rows. The shift matters: at the
start all cosines are within 1e-6 of 1 and unshifted sums lose their digits even in float64. More dimensions than rows
are turned into as many as rows first: all sums are of products of rows, which a rotation keeps.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from twin_alignment.measures.products import gram
from twin_alignment.measures.rounding import CollapseError, is_constant

SLICE = 1024  # rows taken to float64 at once
LARGE = 2**30  # multiply-adds of one product from which the CPU takes float32 instead of float64
ROUNDING = 1e-12  # share of |A|^2 at or below which the rest is rounding
EQUAL = 1e-28  # mean |e_i|^2 at or below which unit rows differ by the rounding of float64 alone
COLLAPSED = "{name}: all similarities are equal, as all rows are {same} up to rounding: nothing can be compared"
Product = Literal["centred", "unbiased", "covariance"]  # of PairSums


@dataclass(frozen=True)
class PairSums:
    """What CKA, debiased CKA and RSA need to know of two representations of the same N rows."""

    n: int
    centred: float  # <HSH, HS'H>_F = |A|_F^2
    projections: float  # sum_i c_i c'_i
    spread_a: float  # q
    spread_b: float  # q'

    @property
    def covariance(self) -> float:
        """Of S and S' over the ordered pairs i != j, times their number."""
        n, diagonals = self.n, self.spread_a * self.spread_b  # T_ii = q for all i
        all_pairs = self.centred + 2 * n * self.projections
        return all_pairs - n * diagonals - n * diagonals / (n - 1)  # each sum of T over i != j is -n q

    @property
    def unbiased(self) -> float:
        """n (n-3) times the unbiased HSIC (Song et al. 2012, eq. 5): from K = EE', its diagonal s_i = q - 2 c_i."""
        n = self.n
        diagonals = n * self.spread_a * self.spread_b + 4 * self.projections  # sum_i s_i s'_i
        traces = n * self.spread_a * n * self.spread_b
        return self.centred - diagonals + traces / ((n - 1) * (n - 2)) - 2 * diagonals / (n - 2)


@dataclass(frozen=True)
class Representation:
    """Rows of one representation, prepared for comparison."""

    name: str
    centred: Tensor  # e [N, min(N, d)], rotated where d > N: float64, or float32 where products are large
    projections: Tensor  # c [N] float64; zero for raw features, which are not on a sphere
    spread: float  # q

    @cached_property
    def lengths(self) -> Tensor:
        """|e_k|^2 [N] float64."""
        return torch.cat([block.double().square().sum(1) for block in self.centred.split(SLICE)])

    def squared_chords(self, start: int, count: int) -> Tensor:
        """|e_i - e_j|^2 [count, N] of `count` rows from `start` on and all rows, twice their cosine distance."""
        rows = slice(start, start + count)
        return self.lengths[rows, None] + self.lengths - 2 * self.centred[rows] @ self.centred.T

    @cached_property
    def gram(self) -> Tensor:
        """A = E'E, of the columns of `centred`, float64."""
        return gram(self.centred, self.centred)


@dataclass(frozen=True)
class Similarity:
    """Agreement of two representations; both measures are 1 for equal similarity structure."""

    cka: float  # in [0, 1]
    rsa: float  # in [-1, 1]
    rho: float  # |HSH - HS'H|_F / |HSH|_F, of Corollary 1
    r: float  # |S - S'| over the pairs i < j / (sqrt(N(N-1)/2) * their standard deviation in S), of Corollary 2
    drift: float  # |S - S'|_F


def representation(
    features: Tensor, name: str, dtype: torch.dtype | None = None, precision: torch.dtype | None = None
) -> Representation:
    """Unit rows minus their mean.

    Args:
        features: rows [N, d].
        name: what errors call them.
        dtype: type whose rounding the rows carry, that of `features` unless given.
        precision: type of the result; unless given float32 for large products on a CPU, float64 otherwise.

    Raises:
        CollapseError: all rows point the same way, up to rounding.
        ValueError: a row has no direction, or the shape is another.
    """
    _check_shape(features, name)
    norms = torch.cat([part.double().norm(dim=1) for part in features.split(SLICE)])
    bad = ~(norms.isfinite() & (norms > 0))
    if bad.any():
        raise ValueError(f"{name}: row {int(bad.nonzero()[0])} is zero or not finite and has no cosine similarity")
    parts = list(zip(features.split(SLICE), norms[:, None].split(SLICE), strict=True))
    mean = torch.stack([(part.double() / size).sum(0) for part, size in parts]).sum(0)
    mean /= len(features)
    centred = torch.empty(features.shape, dtype=precision or _precision(features), device=features.device)
    lengths = torch.empty_like(norms)
    low, high = torch.full_like(mean, torch.inf), torch.full_like(mean, -torch.inf)
    for start, (part, size) in zip(range(0, len(features), SLICE), parts, strict=True):
        unit = part.double() / size
        low, high = torch.minimum(low, unit.amin(0)), torch.maximum(high, unit.amax(0))
        rows = unit.sub_(mean)
        centred[start : start + SLICE] = rows
        lengths[start : start + SLICE] = rows.square().sum(1)
    spread = float(lengths.mean())
    if spread <= EQUAL or is_constant(low, high, dtype or features.dtype).all():
        raise CollapseError(COLLAPSED.format(name=name, same="multiples of one"))
    # from the lengths, not as m . e_i: where all rows are close c is as small as |e|^2, and float32 would not hold it
    return Representation(name, _rotated(centred), (lengths.mean() - lengths) / 2, spread)


def raw_representation(features: Tensor, name: str) -> Representation:
    """Rows minus their mean, in units of their spread, for CKA on raw features (the paper's released code).

    Args:
        features: rows [N, d].
        name: what errors call them.

    Raises:
        CollapseError: all rows are the same, up to rounding.
        ValueError: a row is not finite, or the shape is another.
    """
    _check_shape(features, name)
    rows = features.double()
    check_varied(rows, name, features.dtype)
    rows = centred_at_zero(rows)
    rows /= rows.abs().max()
    rows /= rows.square().sum(1).mean().sqrt()
    spread = float(rows.square().sum(1).mean())
    return Representation(name, _rotated(rows.to(_precision(features))), rows.new_zeros(len(rows)), spread)


def centred_at_zero(rows: Tensor, dim: int = 0) -> Tensor:
    """Float64 minus its mean along `dim`, which a large mean's own rounding leaves beside 0: it is taken twice."""
    centred = rows - rows.mean(dim, keepdim=True)
    return centred.sub_(centred.mean(dim, keepdim=True))


def check_varied(rows: Tensor, name: str, dtype: torch.dtype) -> None:
    """Raise CollapseError where rows [N, d], given in `dtype`, are all the same, ValueError where one is not finite."""
    finite = rows.isfinite().all(1)
    if not finite.all():
        raise ValueError(f"{name}: row {int((~finite).nonzero()[0])} is not finite")
    if is_constant(*rows.aminmax(dim=0), dtype).all():
        raise CollapseError(COLLAPSED.format(name=name, same="the same"))


def _check_shape(features: Tensor, name: str) -> None:
    if features.ndim != 2 or len(features) < 2 or features.shape[1] < 1:
        raise ValueError(f"{name}: shape {tuple(features.shape)}, allowed is [N, d]: at least 2 rows and 1 column")


def _precision(features: Tensor) -> torch.dtype:
    large = features.device.type == "cpu" and len(features) * min(features.shape) ** 2 > LARGE
    return torch.float32 if large else torch.float64


def _rotated(centred: Tensor) -> Tensor:
    """Rows [N, min(N, d)] with the same products of every two rows: with E' = QR they are those of R'."""
    rows, dimensions = centred.shape
    return torch.linalg.qr(centred.T, mode="r").R.T.contiguous() if dimensions > rows else centred


def pair_sums(product: Tensor, a: Representation, b: Representation) -> PairSums:
    """Sums from A = E'E' [d, d'] float64."""
    centred, projections = float(product.square().sum()), float(a.projections @ b.projections)
    return PairSums(len(a.centred), centred, projections, a.spread, b.spread)


def check_same_rows(a: Representation, b: Representation) -> None:
    if len(a.centred) != len(b.centred):
        raise ValueError(
            f"{a.name} has {len(a.centred)} rows and {b.name} has {len(b.centred)}: the same inputs are compared"
        )


def from_sums(cross: PairSums, own_a: PairSums, own_b: PairSums) -> Similarity:
    """Similarity from sums over pairs of both representations, and of each with itself.

    CKA = <HSH, HS'H>_F / (|HSH|_F |HS'H|_F) with H = I - 11'/N (Kornblith et al. 2019, eq. 3); RSA = Pearson
    correlation of S and S' over the pairs i < j (Kriegeskorte et al. 2008). Raises ValueError where a representation
    has the same similarity everywhere.
    """
    pairs = cross.n * (cross.n - 1)
    shift = own_a.spread_a - own_b.spread_a  # S' - T' above S - T
    squares = [sums.covariance + pairs * _mean(sums) for sums in (own_a, own_b, cross)]  # sums of T^2, T'^2, TT'
    off_mean = pairs * shift * (shift + 2 * (own_a.spread_a - own_b.spread_a) / (cross.n - 1))
    rdm_distance = max(squares[0] + squares[1] - 2 * squares[2] + off_mean, 0.0)
    kernel_distance = max(own_a.centred + own_b.centred - 2 * cross.centred, 0.0)
    return Similarity(
        cka=bounded_cosine(cross, own_a, own_b, "centred", "CKA"),
        rsa=bounded_cosine(cross, own_a, own_b, "covariance", "RSA"),
        rho=math.sqrt(kernel_distance / own_a.centred),
        r=math.sqrt(rdm_distance / own_a.covariance),
        drift=math.sqrt(rdm_distance),
    )


def _mean(sums: PairSums) -> float:
    """Product of the means of T and T' over the pairs i != j, each -q/(n-1)."""
    return sums.spread_a * sums.spread_b / (sums.n - 1) ** 2


def bounded_cosine(cross: PairSums, own_a: PairSums, own_b: PairSums, product: Product, name: str) -> float:
    """Cosine of an inner product of pairs, held in [-1, 1] against rounding; raises ValueError where it is 0/0."""
    values = [getattr(sums, product) for sums in (cross, own_a, own_b)]
    for value, own in zip(values[1:], (own_a, own_b), strict=True):
        if not value > ROUNDING * own.centred:
            raise ValueError(f"{name} is not defined: similarities of different rows are all equal in one of both")
    cosine: float = values[0] / (math.sqrt(values[1]) * math.sqrt(values[2]))
    return max(-1.0, min(1.0, cosine))
