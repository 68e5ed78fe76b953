"""Angular distance of the shapes of two representations."""

import math

import numpy as np
from torch import Tensor

from twin_alignment.measures.chunks import Track, untracked
from twin_alignment.measures.feature_set import Estimate, Pair
from twin_alignment.measures.geometry import pair_of, procrustes_similarity


def angular_shape_distance(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> Estimate:
    """arccos(|X'Y|_* / (|X|_F |Y|_F)) of centred features, in radians from 0 to pi/2 (Williams et al. 2021, eq. 8).

    It is a metric: 0 where a rotation and a scale make both equal, symmetric, and with the triangle inequality. Its
    cosine is `procrustes`, and its interval comes from that of the cosine. It has no chance level: the mean of a
    nuclear norm over all orders of rows has no closed form. Costs a product of N d^2 and a singular value decomposition
    of d^3, and eleven times that with the interval.

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.

    Raises:
        CollapseError: all rows of one are the same, up to rounding.
        ValueError: rows are not finite, or differ in number.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(20, 3))
        >>> round(angular_shape_distance(x, 2 * x[:, ::-1] + 1).value, 6)
        0.0
    """
    return shape_distance(pair_of(a, b))


def shape_distance(pair: Pair, track: Track = untracked) -> Estimate:
    """Angular shape distance of a pair, see `angular_shape_distance`."""
    cosine = procrustes_similarity(pair, track)
    return Estimate(math.acos(cosine.value), math.acos(cosine.high), math.acos(cosine.low))
