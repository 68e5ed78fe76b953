"""Mean CCA and SVCCA against SciPy's angles of subspaces, scikit-learn's CCA and a generalised eigenproblem."""

import math

import numpy as np
import pytest
from scipy.linalg import eigh, subspace_angles
from scipy.special import gammaln
from sklearn.cross_decomposition import CCA
from sklearn.decomposition import PCA

from tests.measures.pairs import related
from twin_alignment.measures.canonical_correlation import mean_cca
from twin_alignment.measures.svcca import svcca
from twin_alignment.measures.wachter import unrelated_mean


def by_angles(x, y):
    """Mean cosine of the principal angles of both column spaces."""
    angles = subspace_angles(x - x.mean(0), y - y.mean(0))
    return float(np.cos(angles).mean())


@pytest.mark.parametrize(("n", "d", "other"), [(23, 6, 4), (40, 1, 2), (60, 10, 30), (9, 3, 3)])
def test_mean_cca_is_the_mean_cosine_of_the_angles_of_both_spaces(n, d, other):
    x, y = related(n, d, other)
    assert mean_cca(x, y).value == pytest.approx(by_angles(x, y), abs=1e-9)


def test_mean_cca_is_that_of_scikit_learn():
    x, y = related(200, 5, 3, noise=3.0)
    scores = CCA(n_components=3, max_iter=10_000, tol=1e-12).fit(x, y).transform(x, y)
    expected = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(*(side.T for side in scores), strict=True)])
    assert mean_cca(x, y).value == pytest.approx(expected, abs=1e-6)


def test_a_ridge_is_added_to_the_variances():
    x, y = related(30, 5, 3)
    x, y = x - x.mean(0), y - y.mean(0)
    sides = [z.T @ z + 0.1 * np.linalg.eigvalsh(z.T @ z)[-1] * np.eye(z.shape[1]) for z in (x, y)]
    cross = np.block([[np.zeros((5, 5)), x.T @ y], [y.T @ x, np.zeros((3, 3))]])
    both = np.block([[sides[0], np.zeros((5, 3))], [np.zeros((3, 5)), sides[1]]])
    expected = np.sort(eigh(cross, both, eigvals_only=True))[-3:].mean()
    found = mean_cca(x, y, ridge=0.1)
    assert found.value == pytest.approx(expected, abs=1e-10)
    assert math.isnan(found.null)
    with pytest.raises(ValueError, match="ridge = -1: expected 0 or more"):
        mean_cca(x, y, ridge=-1)


@pytest.mark.parametrize("share", [0.6, 0.9, 0.99])
def test_svcca_is_the_cca_of_the_leading_principal_components(share):
    x, y = related(50, 9, 7)
    x *= np.geomspace(1, 0.01, 9)
    parts = [PCA(n_components=share, svd_solver="full").fit_transform(z) for z in (x, y)]
    assert parts[0].shape[1] < 9
    assert svcca(x, y, variance=share).value == pytest.approx(by_angles(*parts), abs=1e-9)


def test_all_of_the_variance_is_every_direction():
    x, y = related(50, 9, 7)
    assert svcca(x, y, variance=1.0).value == mean_cca(x, y).value
    for wrong in (0.0, 1.1):
        with pytest.raises(ValueError, match="expected a share above 0, at most 1"):
            svcca(x, y, variance=wrong)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_columns_that_repeat_others_are_no_directions(dtype):
    x, y = (rows.astype(dtype) for rows in related(40, 4, 3))
    repeated = np.hstack([x, x @ np.ones((4, 2), dtype) / 3, np.full((40, 1), 7, dtype)])
    assert mean_cca(repeated, y).value == pytest.approx(mean_cca(x, y).value, abs=1e-5)


def test_few_rows_are_said_to_give_correlations_of_one():
    x, y = related(20, 15, 8)
    found = mean_cca(x, y)
    assert found.note.startswith("4 of 8 correlations are 1 for any features: 15 and 8 directions, 20 rows")
    x, y = np.random.default_rng(0).normal(size=(2, 20, 30))
    assert (mean_cca(x, y).value, mean_cca(x, y).null) == (pytest.approx(1.0), 1.0)


@pytest.mark.parametrize(("n", "d", "other"), [(201, 20, 60), (201, 50, 50), (101, 70, 60), (1001, 5, 200)])
def test_the_chance_level_is_that_of_unrelated_rows(n, d, other):
    rng = np.random.default_rng(0)
    values = [by_angles(rng.normal(size=(n, d)), rng.normal(size=(n, other))) for _ in range(6)]
    assert unrelated_mean(n, d, other) == pytest.approx(np.mean(values), rel=0.01)


@pytest.mark.parametrize(("n", "other"), [(21, 1), (21, 5), (101, 30)])
def test_the_chance_level_of_one_dimension_is_near_the_exact_one(n, other):
    """R^2 of a single dimension has a beta distribution."""
    a, total = other / 2, (n - 1) / 2
    exact = math.exp(gammaln(a + 0.5) + gammaln(total) - gammaln(a) - gammaln(total + 0.5))
    assert unrelated_mean(n, 1, other) == pytest.approx(exact, rel=0.06)
