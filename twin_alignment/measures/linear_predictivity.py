"""Linear predictivity: R^2 of a ridge regression of one representation on another, on held-out rows."""

import math

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.geometry import pair_of
from twin_alignment.measures.jackknife import MIN_ROWS, interval
from twin_alignment.measures.representation import check_same_rows
from twin_alignment.randomness import keyed_generator

FOLDS = 5
PENALTIES = np.logspace(-8, 1, 19)  # in units of the largest eigenvalue of X'X


def linear_predictivity(a: np.ndarray | Tensor, b: np.ndarray | Tensor, folds: int = FOLDS, seed: int = 0) -> Estimate:
    """R^2 of predicting b from a by ridge regression, on rows that the regression has not seen, at most 1.

    Rows fall into folds at random, keyed by the seed. For every fold the map is fitted on the rows of the other folds,
    with the penalty of the least generalised cross-validation on these (Golub, Heath and Wahba 1979), out of 19 from
    1e-8 to 10 times the largest eigenvalue of X'X. R^2 is over all rows and columns: 1 - |Y - prediction|^2 / |Y - mean
    of the other folds|^2. Encoding models of neuroscience use it (Yamins et al. 2014; Schrimpf et al. 2018).

    The interval is the jackknife over held-out rows with the fitted maps as they are. There is no chance level: 0 is
    the R^2 of the mean, and unrelated features are at or below it. Costs, for each fold, three products of N d^2 and a
    decomposition of d^3.

    Args:
        a: features [N, d] that predict.
        b: features [N, d'] of the same rows, which are predicted.
        folds: number of folds, 2 to N.
        seed: key of the folds.

    Raises:
        CollapseError: all rows of one are the same, up to rounding.
        ValueError: rows are not finite, differ in number, or are fewer than 5, or the number of folds does not fit.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(50, 3))
        >>> round(linear_predictivity(x, x @ rng.normal(size=(3, 2))).value, 6)
        1.0
    """
    return _predict(pair_of(a, b), folds, seed)


def predictivity(pair: Pair) -> Estimate:
    """Linear predictivity of the second side by the first, see `linear_predictivity`."""
    return _predict(pair, FOLDS, 0)


def predictivity_reverse(pair: Pair) -> Estimate:
    """Linear predictivity of the first side by the second."""
    return _predict(Pair(pair.second, pair.first), FOLDS, 0)


def _predict(pair: Pair, folds: int, seed: int) -> Estimate:
    errors, spreads = held_out(pair.first, pair.second, folds, seed)
    error, spread = float(errors.sum()), float(spreads.sum())
    value, rest = 1 - error / spread, spread - spreads
    if not bool((rest > 0).all()):
        return Estimate(value)
    return Estimate(value, *interval(value, 1 - (error - errors) / rest, -math.inf))


def held_out(first: FeatureSet, second: FeatureSet, folds: int, seed: int) -> tuple[Tensor, Tensor]:
    """Squared errors [N] of the predictions of held-out rows, and of the mean of the rows that were fitted."""
    check_same_rows(first.raw_exact, second.raw_exact)
    x, y = first.raw_exact.centred, second.raw_exact.centred
    n = len(x)
    if n < MIN_ROWS or not 2 <= folds <= n:
        raise ValueError(f"{n} rows in {folds} folds, expected at least {MIN_ROWS} rows and 2 to {n} folds")
    fold = torch.empty(n, dtype=torch.long)
    fold[keyed_generator(seed, "folds of linear predictivity", n).permutation(n)] = torch.arange(n) % folds
    fold, errors, spreads = fold.to(x.device), x.new_empty(n), x.new_empty(n)
    for number in range(folds):
        fitted, new = fold != number, fold == number
        means = x[fitted].mean(0), y[fitted].mean(0)
        predicted = _ridge(x[fitted] - means[0], y[fitted] - means[1], x[new] - means[0])
        errors[new] = (y[new] - means[1] - predicted).square().sum(1)
        spreads[new] = (y[new] - means[1]).square().sum(1)
    return errors, spreads


def _ridge(x: Tensor, y: Tensor, new: Tensor) -> Tensor:
    """Predictions [M, d'] for new rows [M, d] by ridge regression of centred rows.

    The penalty is that of the least |Y - HY|^2 / (tr(I - H) - 1)^2, generalised cross-validation of centred rows.
    """
    eigenvalues, directions = torch.linalg.eigh(x.T @ x)
    largest = float(eigenvalues[-1])
    varied = eigenvalues > max(x.shape) * torch.finfo(torch.float64).eps * largest
    directions, eigenvalues = directions[:, varied], eigenvalues[varied]
    product = directions.T @ (x.T @ y)
    spare = max(0, len(x) - 1 - len(eigenvalues))  # rows that least squares does not use up
    least_squares = product.square().sum(1) / eigenvalues
    unexplained = max(0.0, float(y.square().sum() - least_squares.sum())) if spare else 0.0
    scores = {}
    for penalty in (PENALTIES * largest).tolist():
        shrunk = penalty / (eigenvalues + penalty)
        residual = unexplained + float((least_squares * shrunk.square()).sum())
        scores[penalty] = residual / (spare + float(shrunk.sum())) ** 2
    penalty = min(scores, key=scores.__getitem__)
    predicted: Tensor = new @ (directions @ (product / (eigenvalues + penalty)[:, None]))
    return predicted
