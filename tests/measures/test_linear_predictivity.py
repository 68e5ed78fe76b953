"""Linear predictivity against scikit-learn's ridge, one held-out row after another."""

import math

import numpy as np
import pytest
from scipy.linalg import null_space
from sklearn.linear_model import Ridge

from tests.measures.pairs import pair, related
from twin_alignment.measures.linear_predictivity import (
    PENALTIES,
    linear_predictivity,
    predictivity,
    predictivity_reverse,
)


def chosen(x, y):
    """Penalty of the least generalised cross-validation, |(I - H) Y|^2 / (tr(I - H))^2, from kernels N x N.

    H is the hat matrix of ridge regression with an intercept, and I - H = P (K + P)^-1 for a penalty P in the space of
    rows that sum to 0.
    """
    basis = null_space(np.ones((1, len(x))))
    kernel, rows = basis.T @ x @ x.T @ basis, basis.T @ y
    scores = {}
    for penalty in PENALTIES * np.linalg.eigvalsh(kernel)[-1]:
        rest = penalty * np.linalg.inv(kernel + penalty * np.eye(len(kernel)))
        scores[penalty] = ((rest @ rows) ** 2).sum() / np.trace(rest) ** 2
    return min(scores, key=scores.get)


def by_definition(x, y):
    """Squared errors of the prediction of each row by the others, and of the others' mean."""
    errors, spreads = [], []
    for k in range(len(x)):
        others = np.delete(x, k, 0), np.delete(y, k, 0)
        predicted = Ridge(alpha=chosen(*others)).fit(*others).predict(x[k : k + 1])
        errors.append(((y[k] - predicted) ** 2).sum())
        spreads.append(((y[k] - others[1].mean(0)) ** 2).sum())
    return np.array(errors), np.array(spreads)


@pytest.mark.parametrize(
    ("n", "d", "other", "noise"), [(16, 4, 3, 1.0), (16, 4, 3, 20.0), (25, 2, 6, 3.0), (12, 30, 3, 1.0)]
)
def test_value_and_interval_are_those_of_scikit_learn(n, d, other, noise):
    x, y = related(n, d, other, noise=noise)
    errors, spreads = by_definition(x, y)
    found = linear_predictivity(x, y, folds=n)
    assert found.value == pytest.approx(1 - errors.sum() / spreads.sum(), abs=1e-9)
    values = np.array([1 - np.delete(errors, k).sum() / np.delete(spreads, k).sum() for k in range(n)])
    half = 1.959964 * math.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum())
    assert (found.low, found.high) == pytest.approx((found.value - half, min(1, found.value + half)), rel=1e-6)


def test_penalties_that_are_chosen_differ_with_the_noise():
    assert len({chosen(*related(16, 4, 3, noise=noise)) for noise in (0.1, 1.0, 20.0)}) > 1


def test_both_directions_are_measured():
    x, y = related(60, 6, 2)
    both = pair(x, y)
    assert predictivity(both).value == linear_predictivity(x, y).value
    assert predictivity_reverse(both).value == linear_predictivity(y, x).value
    assert predictivity(both).value > 0.9  # y follows from x, and two dimensions hold less than six
    assert predictivity_reverse(both).value < 0.9


def test_unrelated_rows_are_predicted_no_better_than_by_the_mean():
    rng = np.random.default_rng(0)
    assert -0.05 < linear_predictivity(rng.normal(size=(300, 50)), rng.normal(size=(300, 4))).value < 0.02


def test_more_dimensions_than_rows_are_predicted_without_an_error():
    x, y = related(20, 100, 3)
    assert linear_predictivity(x, y).value == pytest.approx(linear_predictivity(x @ np.eye(100, 200), y).value)


def test_folds_are_keyed_by_the_seed():
    x, y = related(40)
    assert linear_predictivity(x, y).value == linear_predictivity(x, y, seed=0).value
    assert len({linear_predictivity(x, y, seed=seed).value for seed in range(4)}) == 4
    for folds in (1, 41):
        with pytest.raises(ValueError, match=f"40 rows in {folds} folds, expected at least 5 rows and 2 to 40 folds"):
            linear_predictivity(x, y, folds=folds)
