"""Angles and distances of two representations [N, d] and [N, d'] of the same rows."""

import math

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.block_jackknife import block_interval
from twin_alignment.measures.chunks import Track, untracked
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.row_names import joined_tensors

MAX_ROUNDING = 1e-6  # of a cosine past 1


def representation_angle(cka: float) -> float:
    """Angle in degrees between two centred similarity matrices taken as vectors, whose cosine is CKA.

    The paper's Figure 1 gives such an angle without its formula; this one is ours.

    Args:
        cka: a cosine; one that rounding carried past 1 counts as 1.

    Raises:
        ValueError: it is further out, or NaN.

    Example:
        >>> round(representation_angle(0.5), 6)
        60.0
    """
    if not abs(cka) <= 1 + MAX_ROUNDING:
        raise ValueError(f"CKA = {cka}: expected a cosine, at most 1")
    return math.degrees(math.acos(max(-1.0, min(1.0, cka))))


def procrustes(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> float:
    """|X'Y|_* / (|X|_F |Y|_F) of centred features X, Y, in [0, 1]: 1 where a rotation and a scale make them equal.

    One minus it is half of the squared orthogonal Procrustes distance at unit norm (Schoenemann 1966). Costs one
    product of N d^2 and a singular value decomposition of d^3.

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.

    Raises:
        CollapseError: all rows of one are the same, up to rounding.
        ValueError: rows are not finite, or differ in number.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(20, 3))
        >>> round(procrustes(x, 2 * x[:, ::-1] + 1), 6)
        1.0
    """
    return _cosine(pair_of(a, b))


def procrustes_similarity(pair: Pair, track: Track = untracked) -> Estimate:
    """Procrustes similarity of a pair, see `procrustes`, with an interval from ten blocks of rows; no chance level."""
    value = _cosine(pair)
    n = len(pair.first.features)
    return Estimate(value, *block_interval(value, n, lambda rows: _cosine(pair.take(rows)), 0.0, track))


def _cosine(pair: Pair) -> float:
    first, second = pair.raw[0].a, pair.raw[0].b
    norms = first.centred.double().norm() * second.centred.double().norm()
    nuclear = torch.linalg.svdvals(pair.raw[0].product).sum()
    return min(1.0, float(nuclear / norms))


def rho(pair: Pair) -> Estimate:
    """Distance of centred kernels over the first's size, of Corollary 1."""
    return Estimate(pair.similarity.rho)


def r(pair: Pair) -> Estimate:
    """Distance of dissimilarities over the first's spread, of Corollary 2."""
    return Estimate(pair.similarity.r)


def drift(pair: Pair) -> Estimate:
    """Distance of cosine matrices in the Frobenius norm."""
    return Estimate(pair.similarity.drift)


def pair_of(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> Pair:
    """Pair of two arrays, rows of tables of pandas joined by their index."""
    first, second, _ = joined_tensors(a, b, "first", "second")
    return Pair(FeatureSet(first, "first"), FeatureSet(second, "second"))
