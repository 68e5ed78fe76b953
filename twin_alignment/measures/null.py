"""Chance levels: exact mean and standard deviation over all orders of one side's rows."""

import math

from twin_alignment.measures.feature_set import Terms, TermsOfPair


def permuted_cka(terms: TermsOfPair) -> tuple[float, float]:
    """Mean and standard deviation of CKA (Kazi-Aoual et al. 1995, for <K, PLP'>)."""
    cross, *sides = terms
    n = cross.sums.n
    norm = math.sqrt(sides[0].sums.centred) * math.sqrt(sides[1].sums.centred)
    traces = [float(side.a.lengths.sum()) for side in sides]
    parts = [_moments(side, trace, n) for side, trace in zip(sides, traces, strict=True)]
    variance = parts[0][0] * parts[1][0] / (2 * (n - 1) ** 2 * (n + 1) * (n - 2)) + parts[0][1] * parts[1][1] / (
        (n + 1) * n * (n - 1) * (n - 2) * (n - 3)
    )
    return traces[0] * traces[1] / ((n - 1) * norm), math.sqrt(max(variance, 0.0)) / norm


def _moments(side: Terms, trace: float, n: int) -> tuple[float, float]:
    """Two combinations of tr K, |K|^2 and sum_i K_ii^2 whose products over both sides give the variance."""
    squares, fourth = side.sums.centred, float(side.a.lengths.square().sum())
    return 2 * ((n - 1) * squares - trace**2), n * (n + 1) * fourth - (n - 1) * (trace**2 + 2 * squares)


def permuted_rsa_sd(terms: TermsOfPair) -> float:
    """Standard deviation of RSA (Mantel 1967); its mean is 0."""
    n = terms[0].sums.n
    squares = [side.sums.covariance for side in terms[1:]]  # of the centred entries over i != j
    # a row of centred entries sums to n c_k - q + q: T's row sum less (n-1) times T's mean -q/(n-1)
    rows = [n * n * float(side.a.projections.square().sum()) for side in terms[1:]]
    variance = (
        2 * squares[0] * squares[1] / (n * (n - 1))
        + 4 * (rows[0] - squares[0]) * (rows[1] - squares[1]) / (n * (n - 1) * (n - 2))
        + (2 * squares[0] - 4 * rows[0]) * (2 * squares[1] - 4 * rows[1]) / (n * (n - 1) * (n - 2) * (n - 3))
    )
    return math.sqrt(max(variance, 0.0) / (squares[0] * squares[1]))
