"""How sure CKA and RSA are: the jackknife over rows in O(N d^2), and what unrelated rows would give.

Without row k the statistics change by terms of that row alone: A loses (n/(n-1)) e_k e'_k, and the pairs of k are a row
sum. All need h_k = e_k A e'_k, so that three more products of N d^2 give every leave-one-out value of every measure.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.alignment.products import gram, quadratic
from pipeline.alignment.similarity import (
    ROUNDING,
    SLICE,
    PairSums,
    Representation,
    bounded_cosine,
    check_same_rows,
    from_sums,
    pair_sums,
    raw_representation,
    representation,
)

Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution
LEAST_ROWS = 5  # the debiased measure needs four rows, also with one left out


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % jackknife interval over rows, and its distribution when the rows of one side are put in
    random order: exact mean and standard deviation over all orders."""

    value: float
    low: float
    high: float
    null: float
    null_sd: float


@dataclass(frozen=True)
class Comparison:
    """All measures of two representations of the same rows."""

    rows: int
    cka: Estimate  # on cosine similarities
    cka_raw: Estimate  # on raw features
    cka_debiased: Estimate  # on cosine similarities, unbiased HSIC
    rsa: Estimate  # on cosine similarities
    rho: float  # see Similarity
    r: float
    drift: float


@dataclass(frozen=True)
class _Rows:
    """Per-row terms [N] float64 of a pair of representations."""

    sums: PairSums
    quadratic: Tensor  # h_k = e_k A e'_k
    across: Tensor  # sum_j (e_k . e_j) c'_j + (e'_k . e'_j) c_j


@dataclass(frozen=True)
class _Side:
    """Per-row terms [N] float64 of one representation."""

    lengths: Tensor  # s_k = |e_k|^2
    projections: Tensor  # c_k = m . e_k
    rows: Tensor  # e


def compare(a: Tensor, b: Tensor, name_a: str = "first", name_b: str = "second") -> Comparison:
    """All measures of features [N, d] and [N, d'] of the same inputs in the same order.

    Costs six products of N d^2 for the measures on cosines and six for CKA on raw features. Raises ValueError where
    rows differ in number, are fewer than 5, or have no similarity structure.
    """
    return compare_prepared(prepare(a, name_a), prepare(b, name_b))


@dataclass(frozen=True)
class Prepared:
    """One side of a comparison, with what it can be compared with many times."""

    unit: Representation
    raw: Representation
    unit_own: _Rows
    raw_own: _Rows


def prepare(features: Tensor, name: str) -> Prepared:
    unit, raw = representation(features, name), raw_representation(features, name)
    if len(features) < LEAST_ROWS:
        raise ValueError(f"{name}: {len(features)} rows, allowed is at least {LEAST_ROWS} for an interval")
    return Prepared(unit, raw, _rows(unit, unit), _rows(raw, raw))


def compare_prepared(a: Prepared, b: Prepared) -> Comparison:
    check_same_rows(a.unit, b.unit)
    sides = _side(a.unit), _side(b.unit)
    raw_sides = _side(a.raw), _side(b.raw)
    unit = _rows(a.unit, b.unit), a.unit_own, b.unit_own
    raw = _rows(a.raw, b.raw), a.raw_own, b.raw_own
    cross, own_a, own_b = (rows.sums for rows in unit)
    found = from_sums(cross, own_a, own_b)
    return Comparison(
        rows=len(a.unit.centred),
        cka=_cka(raw=False, terms=unit, sides=sides),
        cka_raw=_cka(raw=True, terms=raw, sides=raw_sides),
        cka_debiased=_debiased(unit, sides),
        rsa=_rsa(unit, sides),
        rho=found.rho,
        r=found.r,
        drift=found.drift,
    )


def similarity_with_intervals(a: Representation, b: Representation) -> tuple[Estimate, Estimate]:
    """CKA and RSA on cosine similarities alone: six products of N d^2."""
    check_same_rows(a, b)
    terms = _rows(a, b), _rows(a, a), _rows(b, b)
    sides = _side(a), _side(b)
    return _cka(raw=False, terms=terms, sides=sides), _rsa(terms, sides)


def _side(a: Representation) -> _Side:
    lengths = torch.cat([block.double().square().sum(1) for block in a.centred.split(SLICE)])
    return _Side(lengths, a.projections, a.centred)


def _pulled(rows: Tensor, weights: Tensor) -> Tensor:
    """sum_j (e_k . e_j) w_j [N] float64, for every k."""
    total = rows.T @ weights.to(rows.dtype)
    return (rows @ total).double()


def _rows(a: Representation, b: Representation) -> _Rows:
    product = a.gram if a is b else gram(a.centred, b.centred)
    across = _pulled(a.centred, b.projections) + _pulled(b.centred, a.projections)
    sums = a.own if a is b else pair_sums(product, a, b)
    return _Rows(sums, quadratic(a.centred, product, b.centred), across)


Terms = tuple[_Rows, _Rows, _Rows]  # cross, first with itself, second with itself
Sides = tuple[_Side, _Side]


def _pairs(terms: Terms, sides: Sides) -> tuple[tuple[_Rows, _Side, _Side], ...]:
    a, b = sides
    return tuple(zip(terms, (a, a, b), (b, a, b), strict=True))


def _cka(raw: bool, terms: Terms, sides: Sides) -> Estimate:
    left_out = []
    for rows, a, b in _pairs(terms, sides):
        left_out.append(_centred_without(rows, a, b))
    cross, own_a, own_b = (rows.sums for rows in terms)
    name = "CKA on raw features" if raw else "CKA"
    value = bounded_cosine(cross, own_a, own_b, "centred", name)
    null, null_sd = _permuted_cka(terms, sides)
    return _estimate(value, left_out, terms, 0.0, null, null_sd)


def _centred_without(rows: _Rows, a: _Side, b: _Side) -> Tensor:
    """|A|_F^2 without row k, for every k: A loses f e_k e'_k with f = n/(n-1)."""
    f = rows.sums.n / (rows.sums.n - 1)
    return rows.sums.centred - 2 * f * rows.quadratic + f * f * a.lengths * b.lengths


def _debiased(terms: Terms, sides: Sides) -> Estimate:
    left_out = []
    for rows, a, b in _pairs(terms, sides):
        n = rows.sums.n
        g = 1 / (n - 1)
        # without row k, e_i becomes e_i + g e_k and s_i becomes s_i + 2 g K_ik + g^2 s_k
        total_a, total_b = a.lengths.sum(), b.lengths.sum()
        weighted = _pulled(b.rows, a.lengths) + _pulled(a.rows, b.lengths)
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
        centred = _centred_without(rows, a, b)
        left_out.append(centred - diagonals + traces / ((m - 1) * (m - 2)) - 2 * diagonals / (m - 2))
    cross, own_a, own_b = (rows.sums for rows in terms)
    value = bounded_cosine(cross, own_a, own_b, "unbiased", "debiased CKA")
    n = cross.n
    return _estimate(value, left_out, terms, -1.0, 0.0, math.sqrt(2 / (n * (n - 3))))


def _rsa(terms: Terms, sides: Sides) -> Estimate:
    left_out = []
    for rows, a, b in _pairs(terms, sides):
        sums, n = rows.sums, rows.sums.n
        diagonals = sums.spread_a * sums.spread_b
        products = (sums.centred + 2 * n * sums.projections - n * diagonals) / 2  # of T and T' over i < j
        of_row = rows.quadratic + rows.across + n * a.projections * b.projections + sums.projections - diagonals
        totals = [  # of T over i < j without row k
            -n * spread / 2 - (n * side.projections - spread)
            for side, spread in ((a, sums.spread_a), (b, sums.spread_b))
        ]
        left_out.append(products - of_row - totals[0] * totals[1] / ((n - 1) * (n - 2) / 2))
    cross, own_a, own_b = (rows.sums for rows in terms)
    value = bounded_cosine(cross, own_a, own_b, "covariance", "RSA")
    return _estimate(value, left_out, terms, -1.0, 0.0, _permuted_rsa_sd(terms, sides))


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


def _permuted_cka(terms: Terms, sides: Sides) -> tuple[float, float]:
    """Mean and standard deviation of CKA over all orders of one side's rows (Kazi-Aoual et al. 1995, for <K, PLP'>)."""
    _, own_a, own_b = (rows.sums for rows in terms)
    n = own_a.n
    norm = math.sqrt(own_a.centred) * math.sqrt(own_b.centred)
    trace_a, trace_b = (float(side.lengths.sum()) for side in sides)
    parts = [
        (2 * ((n - 1) * own.centred - trace**2), n * (n + 1) * fourth - (n - 1) * (trace**2 + 2 * own.centred))
        for own, trace, fourth in zip(
            (own_a, own_b), (trace_a, trace_b), (float(side.lengths.square().sum()) for side in sides), strict=True
        )
    ]
    variance = parts[0][0] * parts[1][0] / (2 * (n - 1) ** 2 * (n + 1) * (n - 2)) + parts[0][1] * parts[1][1] / (
        (n + 1) * n * (n - 1) * (n - 2) * (n - 3)
    )
    return trace_a * trace_b / ((n - 1) * norm), math.sqrt(max(variance, 0.0)) / norm


def _permuted_rsa_sd(terms: Terms, sides: Sides) -> float:
    """Standard deviation of RSA over all orders of one side's rows (Mantel 1967); its mean is 0."""
    _, own_a, own_b = (rows.sums for rows in terms)
    n = own_a.n
    squares, rows = [], []
    for own, side in zip((own_a, own_b), sides, strict=True):
        squares.append(own.covariance)  # of the centred entries over i != j
        # a row of centred entries sums to n c_k - q + q: T's row sum less (n-1) times T's mean -q/(n-1)
        rows.append(n * n * float(side.projections.square().sum()))
    variance = (
        2 * squares[0] * squares[1] / (n * (n - 1))
        + 4 * (rows[0] - squares[0]) * (rows[1] - squares[1]) / (n * (n - 1) * (n - 2))
        + (2 * squares[0] - 4 * rows[0]) * (2 * squares[1] - 4 * rows[1]) / (n * (n - 1) * (n - 2) * (n - 3))
    )
    return math.sqrt(max(variance, 0.0) / (squares[0] * squares[1]))
