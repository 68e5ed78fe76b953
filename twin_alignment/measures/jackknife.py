"""CKA and RSA with jackknife intervals over rows, in O(N d^2).

Without row k the statistics change by terms of that row alone: A loses (n/(n-1)) e_k e'_k, and the pairs of k are a row
sum. The interval is that of Efron and Stein (1981).
"""

import math

from torch import Tensor

from twin_alignment.measures.feature_set import Estimate, Pair, Terms, TermsOfPair, weighted_row_sums
from twin_alignment.measures.null import permuted_cka, permuted_rsa_sd
from twin_alignment.measures.similarity import ROUNDING, Product, bounded_cosine

Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution
MIN_ROWS = 5  # the debiased measure needs four rows, also with one left out
NO_DEBIASED = (
    "debiased CKA is not defined: similarities of {name} are sums of a number for each row, as where one row carries "
    "all structure, which the unbiased estimate takes away"
)


def cka(pair: Pair) -> Estimate:
    """Linear CKA on cosine similarities (Kornblith et al. 2019)."""
    return _cka(pair.unit, "CKA")


def cka_raw(pair: Pair) -> Estimate:
    """Linear CKA on raw features."""
    return _cka(pair.raw, "CKA on raw features")


def cka_debiased(pair: Pair) -> Estimate:
    """Linear CKA on cosine similarities by the unbiased HSIC; NaN where that of a side with itself is 0."""
    n = _row_count(pair.unit)
    null = 0.0, math.sqrt(2 / (n * (n - 3)))
    undefined = [side.a.name for side in pair.unit[1:] if not side.sums.unbiased > ROUNDING * side.sums.centred]
    if undefined:
        return Estimate(math.nan, -1.0, 1.0, *null, NO_DEBIASED.format(name=undefined[0]))
    value = _value(pair.unit, "unbiased", "debiased CKA")
    return _estimate(value, [_unbiased_without(terms) for terms in pair.unit], pair.unit, -1.0, *null)


def rsa(pair: Pair) -> Estimate:
    """RSA: Pearson correlation of cosine distances over pairs i < j (Kriegeskorte et al. 2008)."""
    value = _value(pair.unit, "covariance", "RSA")
    without = [_covariance_without(terms) for terms in pair.unit]
    return _estimate(value, without, pair.unit, -1.0, 0.0, permuted_rsa_sd(pair.unit))


def _cka(terms: TermsOfPair, name: str) -> Estimate:
    value = _value(terms, "centred", name)
    return _estimate(value, [_centred_without(rows) for rows in terms], terms, 0.0, *permuted_cka(terms))


def _value(terms: TermsOfPair, product: Product, name: str) -> float:
    _row_count(terms)
    cross, self_a, self_b = (rows.sums for rows in terms)
    return bounded_cosine(cross, self_a, self_b, product, name)


def _row_count(terms: TermsOfPair) -> int:
    n = terms[0].sums.n
    if n < MIN_ROWS:
        raise ValueError(f"{terms[0].a.name}: {n} rows, expected at least {MIN_ROWS} for an interval")
    return n


def _centred_without(terms: Terms) -> Tensor:
    """|A|_F^2 without row k, for every k: A loses f e_k e'_k with f = n/(n-1)."""
    f = terms.sums.n / (terms.sums.n - 1)
    return terms.sums.centred - 2 * f * terms.quadratic + f * f * terms.a.lengths * terms.b.lengths


def _unbiased_without(terms: Terms) -> Tensor:
    """Unbiased HSIC without row k, for every k: e_i becomes e_i + g e_k and s_i becomes s_i + 2 g K_ik + g^2 s_k."""
    a, b, n = terms.a, terms.b, terms.sums.n
    m, g = n - 1, 1 / (n - 1)
    total_a, total_b = a.lengths.sum(), b.lengths.sum()
    weighted = weighted_row_sums(b.centred, a.lengths) + weighted_row_sums(a.centred, b.lengths)
    diagonal = a.lengths * b.lengths
    diagonals = (
        diagonal.sum()
        + 2 * g * weighted
        + g * g * (b.lengths * total_a + a.lengths * total_b)
        + 4 * g * g * terms.quadratic
        + n * g**4 * diagonal
        - (1 + g) ** 4 * diagonal
    )
    traces = (total_a - (1 + g) * a.lengths) * (total_b - (1 + g) * b.lengths)
    return _centred_without(terms) - diagonals + traces / ((m - 1) * (m - 2)) - 2 * diagonals / (m - 2)


def _covariance_without(terms: Terms) -> Tensor:
    """Covariance of T and T' over the pairs i < j without row k, for every k."""
    a, b, sums, n = terms.a, terms.b, terms.sums, terms.sums.n
    diagonals = sums.spread_a * sums.spread_b
    products = (sums.centred + 2 * n * sums.projections - n * diagonals) / 2  # of T and T' over i < j
    of_row = terms.quadratic + terms.across + n * a.projections * b.projections + sums.projections - diagonals
    # of T over i < j without row k
    totals = [-n * side.spread / 2 - (n * side.projections - side.spread) for side in (a, b)]
    return products - of_row - totals[0] * totals[1] / ((n - 1) * (n - 2) / 2)


def _estimate(
    value: float, without: list[Tensor], terms: TermsOfPair, minimum: float, null: float, null_sd: float
) -> Estimate:
    """Normal interval, held in the measure's range.

    A replicate that is not defined (one row carries all structure) makes the interval the whole range.
    """
    cross, self_a, self_b = without
    floors = [ROUNDING * rows.sums.centred for rows in terms[1:]]
    if not bool(((self_a > floors[0]) & (self_b > floors[1])).all()):
        return Estimate(value, minimum, 1.0, null, null_sd)
    low, high = interval(value, cross / (self_a.sqrt() * self_b.sqrt()), minimum)
    return Estimate(value, low, high, null, null_sd)


def interval(value: float, replicates: Tensor, minimum: float, quantile: float = Z95) -> tuple[float, float]:
    """Return value -+ quantile * sqrt((n-1)/n sum_k (theta_k - mean)^2) of n replicates, held in [minimum, 1]."""
    n = len(replicates)
    half = quantile * math.sqrt((n - 1) / n * float((replicates - replicates.mean()).square().sum()))
    return max(minimum, value - half), min(1.0, value + half)
