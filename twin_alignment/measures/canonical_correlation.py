"""Mean canonical correlation of two representations, invariant to every invertible linear map of the columns."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.block_jackknife import block_interval
from twin_alignment.measures.chunks import Track, untracked
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.geometry import pair_of
from twin_alignment.measures.products import gram
from twin_alignment.measures.representation import check_same_rows
from twin_alignment.measures.rounding import UNITS, unit_roundoff
from twin_alignment.measures.wachter import unrelated_mean

FORCED = "{forced} of {count} correlations are 1 for any features: {first} and {second} directions, {rows} rows"
LIMIT = "chance level: limit for many rows (Wachter 1980)"


@dataclass(frozen=True)
class Canonical:
    """Mean canonical correlation, with the number of directions of both sides."""

    mean: float
    first: int
    second: int


def mean_cca(a: np.ndarray | Tensor, b: np.ndarray | Tensor, ridge: float = 0.0) -> Estimate:
    """Mean canonical correlation of centred features, in [0, 1] (Hotelling 1936; Kornblith et al. 2019, table 1).

    The canonical correlations are the singular values of Cxx^-1/2 Cxy Cyy^-1/2, one for each direction of the smaller
    side. Directions whose variance is rounding are left out. The interval is a jackknife over ten blocks of rows;
    the chance level is that of unrelated features with the same numbers of directions, without a standard deviation,
    and there is none with a ridge. Costs three products of N d^2 and three decompositions of d^3, and eleven times that
    with the interval.

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.
        ridge: share of a side's largest variance that is added to all of its variances (Vinod 1976).

    Returns:
        Value, interval and chance level. A note, where correlations are 1 for any features, as there are few rows.

    Raises:
        CollapseError: all rows of one are the same, up to rounding.
        ValueError: rows are not finite, or differ in number, or the ridge is negative.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(50, 3))
        >>> round(mean_cca(x, x @ rng.normal(size=(3, 3))).value, 6)
        1.0
    """
    return cca(pair_of(a, b), ridge=ridge)


def cca(pair: Pair, track: Track = untracked, ridge: float = 0.0) -> Estimate:
    """Mean canonical correlation of a pair, see `mean_cca`."""
    if not ridge >= 0:
        raise ValueError(f"ridge = {ridge}: expected 0 or more")
    return canonical_estimate(pair, track, 1.0, ridge)


def canonical_estimate(pair: Pair, track: Track, share: float, ridge: float = 0.0) -> Estimate:
    """Mean canonical correlation of the leading directions with a share of the variance, with interval and chance."""
    check_same_rows(pair.first.raw_exact, pair.second.raw_exact)
    result, n = canonical(pair, share, ridge), len(pair.first.features)
    low, high = block_interval(result.mean, n, lambda rows: canonical(pair.take(rows), share, ridge).mean, 0.0, track)
    if ridge:
        return Estimate(result.mean, low, high)
    count, forced = min(result.first, result.second), result.first + result.second - (n - 1)
    few = FORCED.format(forced=min(forced, count), count=count, first=result.first, second=result.second, rows=n)
    note = f"{few}; {LIMIT}" if forced > 0 else LIMIT
    return Estimate(result.mean, low, high, unrelated_mean(n, result.first, result.second), note=note)


def canonical(pair: Pair, share: float, ridge: float = 0.0) -> Canonical:
    """Mean canonical correlation of the leading directions that have a share of each side's variance."""
    sides = (pair.first, pair.second)
    (first, whiten_first), (second, whiten_second) = (_whitening(side, share, ridge) for side in sides)
    product = gram(pair.first.raw_exact.centred, pair.second.raw_exact.centred)
    correlations = torch.linalg.svdvals(whiten_first.T @ product @ whiten_second)
    return Canonical(float(correlations.clamp(max=1).mean()), first, second)


def _whitening(side: FeatureSet, share: float, ridge: float) -> tuple[int, Tensor]:
    """Number r of leading directions, and the map [d, r] to their coordinates of unit length."""
    rows = side.raw_exact
    variances, directions = torch.linalg.eigh(rows.gram)
    variances, directions = variances.flip(0), directions.flip(1)
    float64 = max(rows.centred.shape) * torch.finfo(torch.float64).eps
    rounding = max(float64, (UNITS * min(unit_roundoff(side.rounding), unit_roundoff(torch.float32))) ** 2)
    variances = variances[variances > rounding * variances[0]]
    sums = variances.cumsum(0)
    count = int((sums < share * (1 - 1e-12) * sums[-1]).sum()) + 1 if share < 1 else len(variances)
    return count, directions[:, :count] / (variances[:count] + ridge * variances[0]).sqrt()
