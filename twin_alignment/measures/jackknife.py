"""How sure CKA and RSA are: the jackknife over rows in O(N d^2), and what unrelated rows would give.

Without row k the statistics change by terms of that row alone: A loses (n/(n-1)) e_k e'_k, and the pairs of k are a row
sum. All need h_k = e_k A e'_k, so that three more products of N d^2 give every leave-one-out value of every measure.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from twin_alignment.measures.products import gram, quadratic
from twin_alignment.measures.similarity import (
    ROUNDING,
    PairSums,
    Product,
    Representation,
    Similarity,
    bounded_cosine,
    check_same_rows,
    from_sums,
    pair_sums,
    raw_representation,
    representation,
)

Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution
LEAST_ROWS = 5  # the debiased measure needs four rows, also with one left out
NO_DEBIASED = (
    "debiased CKA is not defined: similarities of {name} are sums of a number for each row, as where one row carries "
    "all structure, which the unbiased estimate takes away"
)


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % jackknife interval over rows, and its distribution when the rows of one side are put in
    random order: exact mean and standard deviation over all orders. NaN where a measure has a value alone. `note` says
    what the value depends on, as ties, or how rows were joined."""

    value: float
    low: float = math.nan
    high: float = math.nan
    null: float = math.nan
    null_sd: float = math.nan
    note: str = ""


@dataclass(frozen=True)
class _Terms:
    """Sums and per-row terms [N] float64 of two representations, or of one with itself, each computed when first asked
    for and once: two products of N d^2."""

    a: Representation
    b: Representation

    @cached_property
    def product(self) -> Tensor:
        """A [d, d'] float64."""
        return self.a.gram if self.a is self.b else gram(self.a.centred, self.b.centred)

    @cached_property
    def sums(self) -> PairSums:
        return pair_sums(self.product, self.a, self.b)

    @cached_property
    def quadratic(self) -> Tensor:
        """h_k = e_k A e'_k."""
        return quadratic(self.a.centred, self.product, self.b.centred)

    @cached_property
    def across(self) -> Tensor:
        """sum_j (e_k . e_j) c'_j + (e'_k . e'_j) c_j."""
        return _pulled(self.a.centred, self.b.projections) + _pulled(self.b.centred, self.a.projections)


Terms = tuple[_Terms, _Terms, _Terms]  # cross, first with itself, second with itself


@dataclass(frozen=True)
class Prepared:
    """Features [N, d] of one side, and what all comparisons with it share."""

    features: Tensor
    name: str
    dtype: torch.dtype | None = None  # whose rounding the rows carry; that of the features unless given

    @cached_property
    def unit(self) -> _Terms:
        """Of cosine similarities."""
        return _Terms(*[representation(self.features, self.name, self.dtype)] * 2)

    @property
    def rounding(self) -> torch.dtype:
        return self.dtype or self.features.dtype

    @cached_property
    def exact(self) -> Representation:
        """Unit rows in float64, whatever their number, as ties need them."""
        return representation(self.features, self.name, self.dtype, precision=torch.float64)

    @cached_property
    def raw(self) -> _Terms:
        """Of raw features."""
        return _Terms(*[raw_representation(self.features, self.name)] * 2)


@dataclass(frozen=True)
class Pair:
    """Two sides of the same inputs in the same order, as every measure takes them; all measures together cost six
    products of N d^2 for cosines and six for raw features. They raise ValueError where rows differ in number, are fewer
    than 5, or have no similarity structure."""

    first: Prepared
    second: Prepared

    @cached_property
    def unit(self) -> Terms:
        return _terms(self.first.unit, self.second.unit)

    @cached_property
    def raw(self) -> Terms:
        return _terms(self.first.raw, self.second.raw)

    @cached_property
    def similarity(self) -> Similarity:
        """Values alone, on cosine similarities, of at least 2 rows: three products of N d^2."""
        cross, own_a, own_b = (terms.sums for terms in self.unit)
        return from_sums(cross, own_a, own_b)


def _terms(own_a: _Terms, own_b: _Terms) -> Terms:
    check_same_rows(own_a.a, own_b.a)
    return _Terms(own_a.a, own_b.a), own_a, own_b


def _pulled(rows: Tensor, weights: Tensor) -> Tensor:
    """sum_j (e_k . e_j) w_j [N] float64, for every k."""
    total = rows.T @ weights.to(rows.dtype)
    return (rows @ total).double()


def cka(pair: Pair) -> Estimate:
    """On cosine similarities."""
    return _cka(pair.unit, "CKA")


def cka_raw(pair: Pair) -> Estimate:
    """On raw features."""
    return _cka(pair.raw, "CKA on raw features")


def cka_debiased(pair: Pair) -> Estimate:
    """On cosine similarities, by the unbiased HSIC; NaN where that of a side with itself is 0."""
    n = _row_count(pair.unit)
    null = 0.0, math.sqrt(2 / (n * (n - 3)))
    undefined = [own.a.name for own in pair.unit[1:] if not own.sums.unbiased > ROUNDING * own.sums.centred]
    if undefined:
        return Estimate(math.nan, -1.0, 1.0, *null, NO_DEBIASED.format(name=undefined[0]))
    value = _value(pair.unit, "unbiased", "debiased CKA")
    left_out = []
    for rows in pair.unit:
        a, b = rows.a, rows.b
        g = 1 / (n - 1)
        # without row k, e_i becomes e_i + g e_k and s_i becomes s_i + 2 g K_ik + g^2 s_k
        total_a, total_b = a.lengths.sum(), b.lengths.sum()
        weighted = _pulled(b.centred, a.lengths) + _pulled(a.centred, b.lengths)
        own = a.lengths * b.lengths
        diagonals = (
            own.sum()
            + 2 * g * weighted
            + g * g * (b.lengths * total_a + a.lengths * total_b)
            + 4 * g * g * rows.quadratic
            + n * g**4 * own
            - (1 + g) ** 4 * own
        )
        traces = (total_a - (1 + g) * a.lengths) * (total_b - (1 + g) * b.lengths)
        m = n - 1
        centred = _centred_without(rows)
        left_out.append(centred - diagonals + traces / ((m - 1) * (m - 2)) - 2 * diagonals / (m - 2))
    return _estimate(value, left_out, pair.unit, -1.0, *null)


def rsa(pair: Pair) -> Estimate:
    """On cosine similarities."""
    value = _value(pair.unit, "covariance", "RSA")
    left_out = []
    for rows in pair.unit:
        a, b, sums, n = rows.a, rows.b, rows.sums, rows.sums.n
        diagonals = sums.spread_a * sums.spread_b
        products = (sums.centred + 2 * n * sums.projections - n * diagonals) / 2  # of T and T' over i < j
        of_row = rows.quadratic + rows.across + n * a.projections * b.projections + sums.projections - diagonals
        # of T over i < j without row k
        totals = [-n * side.spread / 2 - (n * side.projections - side.spread) for side in (a, b)]
        left_out.append(products - of_row - totals[0] * totals[1] / ((n - 1) * (n - 2) / 2))
    return _estimate(value, left_out, pair.unit, -1.0, 0.0, _permuted_rsa_sd(pair.unit))


def rho(pair: Pair) -> Estimate:
    return Estimate(pair.similarity.rho)


def r(pair: Pair) -> Estimate:
    return Estimate(pair.similarity.r)


def drift(pair: Pair) -> Estimate:
    return Estimate(pair.similarity.drift)


def _cka(terms: Terms, name: str) -> Estimate:
    value = _value(terms, "centred", name)
    return _estimate(value, [_centred_without(rows) for rows in terms], terms, 0.0, *_permuted_cka(terms))


def _value(terms: Terms, product: Product, name: str) -> float:
    _row_count(terms)
    cross, own_a, own_b = (rows.sums for rows in terms)
    return bounded_cosine(cross, own_a, own_b, product, name)


def _row_count(terms: Terms) -> int:
    n = terms[0].sums.n
    if n < LEAST_ROWS:
        raise ValueError(f"{terms[0].a.name}: {n} rows, expected at least {LEAST_ROWS} for an interval")
    return n


def _centred_without(rows: _Terms) -> Tensor:
    """|A|_F^2 without row k, for every k: A loses f e_k e'_k with f = n/(n-1)."""
    f = rows.sums.n / (rows.sums.n - 1)
    return rows.sums.centred - 2 * f * rows.quadratic + f * f * rows.a.lengths * rows.b.lengths


def _estimate(
    value: float, left_out: list[Tensor], terms: Terms, least: float, null: float, null_sd: float
) -> Estimate:
    """Jackknife (Efron and Stein 1981): var = (n-1)/n sum_k (theta_k - mean)^2; normal interval, held in the measure's
    range. A replicate that is not defined (one row carries all structure) makes the interval the whole range."""
    cross, own_a, own_b = left_out
    floors = [ROUNDING * rows.sums.centred for rows in terms[1:]]
    if not bool(((own_a > floors[0]) & (own_b > floors[1])).all()):
        return Estimate(value, least, 1.0, null, null_sd)
    replicates = cross / (own_a.sqrt() * own_b.sqrt())
    n = len(replicates)
    half = Z95 * math.sqrt((n - 1) / n * float((replicates - replicates.mean()).square().sum()))
    return Estimate(value, max(least, value - half), min(1.0, value + half), null, null_sd)


def _permuted_cka(terms: Terms) -> tuple[float, float]:
    """Mean and standard deviation of CKA over all orders of one side's rows (Kazi-Aoual et al. 1995, for <K, PLP'>)."""
    n, own_a, own_b = terms[0].sums.n, terms[1].sums, terms[2].sums
    norm = math.sqrt(own_a.centred) * math.sqrt(own_b.centred)
    lengths = [rows.a.lengths for rows in terms[1:]]
    trace_a, trace_b = (float(side.sum()) for side in lengths)
    parts = [
        (2 * ((n - 1) * own.centred - trace**2), n * (n + 1) * fourth - (n - 1) * (trace**2 + 2 * own.centred))
        for own, trace, fourth in zip(
            (own_a, own_b), (trace_a, trace_b), (float(side.square().sum()) for side in lengths), strict=True
        )
    ]
    variance = parts[0][0] * parts[1][0] / (2 * (n - 1) ** 2 * (n + 1) * (n - 2)) + parts[0][1] * parts[1][1] / (
        (n + 1) * n * (n - 1) * (n - 2) * (n - 3)
    )
    return trace_a * trace_b / ((n - 1) * norm), math.sqrt(max(variance, 0.0)) / norm


def _permuted_rsa_sd(terms: Terms) -> float:
    """Standard deviation of RSA over all orders of one side's rows (Mantel 1967); its mean is 0."""
    n = terms[0].sums.n
    squares = [own.sums.covariance for own in terms[1:]]  # of the centred entries over i != j
    # a row of centred entries sums to n c_k - q + q: T's row sum less (n-1) times T's mean -q/(n-1)
    rows = [n * n * float(own.a.projections.square().sum()) for own in terms[1:]]
    variance = (
        2 * squares[0] * squares[1] / (n * (n - 1))
        + 4 * (rows[0] - squares[0]) * (rows[1] - squares[1]) / (n * (n - 1) * (n - 2))
        + (2 * squares[0] - 4 * rows[0]) * (2 * squares[1] - 4 * rows[1]) / (n * (n - 1) * (n - 2) * (n - 3))
    )
    return math.sqrt(max(variance, 0.0) / (squares[0] * squares[1]))
