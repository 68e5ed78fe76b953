"""SVCCA: canonical correlations of the leading principal directions of two representations."""

import numpy as np
from torch import Tensor

from twin_alignment.measures.canonical_correlation import canonical_estimate
from twin_alignment.measures.chunks import Track, untracked
from twin_alignment.measures.feature_set import Estimate, Pair
from twin_alignment.measures.geometry import pair_of

VARIANCE = 0.99


def svcca(a: np.ndarray | Tensor, b: np.ndarray | Tensor, variance: float = VARIANCE) -> Estimate:
    """Mean canonical correlation of the leading principal directions, in [0, 1] (Raghu et al. 2017).

    Of each side the fewest principal directions with 99 % of its variance are kept. Interval, chance level and cost are
    those of `mean_cca`; the directions are chosen again without each block.

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.
        variance: share of the variance that the kept directions have, above 0 and at most 1.

    Returns:
        Value, interval and chance level. A note, where correlations are 1 for any features, as there are few rows.

    Raises:
        CollapseError: all rows of one are the same, up to rounding.
        ValueError: rows are not finite, or differ in number, or the share is none.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(50, 3))
        >>> noisy = np.hstack([x, 1e-3 * rng.normal(size=(50, 3))])
        >>> svcca(x, noisy).value > 0.99
        True
    """
    return svcca_of(pair_of(a, b), variance=variance)


def svcca_of(pair: Pair, track: Track = untracked, variance: float = VARIANCE) -> Estimate:
    """SVCCA of a pair, see `svcca`."""
    if not 0 < variance <= 1:
        raise ValueError(f"variance = {variance}: expected a share above 0, at most 1")
    return canonical_estimate(pair, track, variance)
