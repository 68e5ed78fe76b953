"""Linear CKA and RSA on cosine similarities, exact, from d x d statistics: no N x N matrix.

Every sum over pairs of T_ij T'_ij (see representation.py) follows from E'E' [d, d'] and sums over rows.
"""

import math
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from twin_alignment.measures.representation import Representation

ROUNDING = 1e-12  # share of |A|^2 at or below which the rest is rounding
Product = Literal["centred", "unbiased", "covariance"]  # of PairSums


@dataclass(frozen=True)
class PairSums:
    """Sums over pairs of rows that CKA, debiased CKA and RSA are made of, for two representations of N rows."""

    n: int
    centred: float  # <HSH, HS'H>_F = |A|_F^2
    projections: float  # sum_i c_i c'_i
    spread_a: float  # q
    spread_b: float  # q'

    @property
    def covariance(self) -> float:
        """Covariance of S and S' over the ordered pairs i != j, times their number."""
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
class Similarity:
    """Agreement of two representations; CKA and RSA are 1 for equal similarity structure."""

    cka: float  # in [0, 1]
    rsa: float  # in [-1, 1]
    rho: float  # |HSH - HS'H|_F / |HSH|_F, of Corollary 1
    r: float  # |S - S'| over the pairs i < j / (sqrt(N(N-1)/2) * their standard deviation in S), of Corollary 2
    drift: float  # |S - S'|_F


def pair_sums(product: Tensor, a: Representation, b: Representation) -> PairSums:
    """Sums from A = E'E' [d, d'] float64."""
    centred, projections = float(product.square().sum()), float(a.projections @ b.projections)
    return PairSums(len(a.centred), centred, projections, a.spread, b.spread)


def from_sums(cross: PairSums, self_a: PairSums, self_b: PairSums) -> Similarity:
    """Similarity from sums over pairs of both representations, and of each with itself.

    CKA = <HSH, HS'H>_F / (|HSH|_F |HS'H|_F) with H = I - 11'/N (Kornblith et al. 2019, eq. 3); RSA = Pearson
    correlation of S and S' over the pairs i < j (Kriegeskorte et al. 2008).

    Raises:
        ValueError: a representation has the same similarity everywhere.
    """
    pairs = cross.n * (cross.n - 1)
    shift = self_a.spread_a - self_b.spread_a  # S' - T' above S - T
    squares = [sums.covariance + pairs * _mean(sums) for sums in (self_a, self_b, cross)]  # sums of T^2, T'^2, TT'
    off_mean = pairs * shift * (shift + 2 * (self_a.spread_a - self_b.spread_a) / (cross.n - 1))
    rdm_distance = max(squares[0] + squares[1] - 2 * squares[2] + off_mean, 0.0)
    kernel_distance = max(self_a.centred + self_b.centred - 2 * cross.centred, 0.0)
    return Similarity(
        cka=bounded_cosine(cross, self_a, self_b, "centred", "CKA"),
        rsa=bounded_cosine(cross, self_a, self_b, "covariance", "RSA"),
        rho=math.sqrt(kernel_distance / self_a.centred),
        r=math.sqrt(rdm_distance / self_a.covariance),
        drift=math.sqrt(rdm_distance),
    )


def bounded_cosine(cross: PairSums, self_a: PairSums, self_b: PairSums, product: Product, name: str) -> float:
    """Cosine of an inner product of pairs, held in [-1, 1] against rounding; raises ValueError where it is 0/0."""
    values = [getattr(sums, product) for sums in (cross, self_a, self_b)]
    for value, sums in zip(values[1:], (self_a, self_b), strict=True):
        if not value > ROUNDING * sums.centred:
            raise ValueError(f"{name} is not defined: similarities of different rows are all equal in one of both")
    cosine: float = values[0] / (math.sqrt(values[1]) * math.sqrt(values[2]))
    return max(-1.0, min(1.0, cosine))


def _mean(sums: PairSums) -> float:
    """Product of the means of T and T' over the pairs i != j, each -q/(n-1)."""
    return sums.spread_a * sums.spread_b / (sums.n - 1) ** 2
