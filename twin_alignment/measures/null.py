"""Chance levels: exact mean and standard deviation over all orders of one side's rows."""

import math
from collections.abc import Sequence

from torch import Tensor

from twin_alignment.measures.feature_set import TermsOfPair


def permuted_cka(terms: TermsOfPair) -> tuple[float, float]:
    """Mean and standard deviation of CKA (Kazi-Aoual et al. 1995, for <K, PLP'>)."""
    cross, *sides = terms
    return permuted_alignment(cross.sums.n, [side.sums.centred for side in sides], [side.a.lengths for side in sides])


def permuted_alignment(n: int, squares: Sequence[float], diagonals: Sequence[Tensor]) -> tuple[float, float]:
    """Mean and standard deviation of <K, PLP'> / (|K| |L|) for centred K and L, from |K|^2 and the diagonal of both."""
    norm = math.sqrt(squares[0]) * math.sqrt(squares[1])
    traces = [float(diagonal.sum()) for diagonal in diagonals]
    parts = [
        _moments(square, trace, float(diagonal.square().sum()), n)
        for square, trace, diagonal in zip(squares, traces, diagonals, strict=True)
    ]
    variance = parts[0][0] * parts[1][0] / (2 * (n - 1) ** 2 * (n + 1) * (n - 2)) + parts[0][1] * parts[1][1] / (
        (n + 1) * n * (n - 1) * (n - 2) * (n - 3)
    )
    return traces[0] * traces[1] / ((n - 1) * norm), math.sqrt(max(variance, 0.0)) / norm


def _moments(squares: float, trace: float, fourth: float, n: int) -> tuple[float, float]:
    """Two combinations of |K|^2, tr K and sum_i K_ii^2 whose products over both sides give the variance."""
    return 2 * ((n - 1) * squares - trace**2), n * (n + 1) * fourth - (n - 1) * (trace**2 + 2 * squares)


def permuted_rsa_sd(terms: TermsOfPair) -> float:
    """Standard deviation of RSA (Mantel 1967); its mean is 0."""
    n = terms[0].sums.n
    squares = [side.sums.covariance for side in terms[1:]]  # of the centred entries over i != j
    # a row of centred entries sums to n c_k - q + q: T's row sum less (n-1) times T's mean -q/(n-1)
    rows = [n * n * float(side.a.projections.square().sum()) for side in terms[1:]]
    return mantel_sd(n, squares, rows)


def mantel_sd(n: int, squares: Sequence[float], rows: Sequence[float]) -> float:
    """Standard deviation of a correlation over pairs of rows, from centred entries over i != j of both sides.

    Args:
        n: number of rows.
        squares: sum of the squares of the entries of each side.
        rows: sum of the squares of their row sums.
    """
    variance = (
        2 * squares[0] * squares[1] / (n * (n - 1))
        + 4 * (rows[0] - squares[0]) * (rows[1] - squares[1]) / (n * (n - 1) * (n - 2))
        + (2 * squares[0] - 4 * rows[0]) * (2 * squares[1] - 4 * rows[1]) / (n * (n - 1) * (n - 2) * (n - 3))
    )
    return math.sqrt(max(variance, 0.0) / (squares[0] * squares[1]))
