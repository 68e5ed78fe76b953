"""Angular shape distance against the angle after SciPy's alignment, and as a metric."""

import itertools
import math

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from tests.measures.pairs import related
from twin_alignment.measures.shape_distance import angular_shape_distance


def by_definition(x, y):
    """Angle of both sides as vectors after the best rotation, the narrower side padded with zeros."""
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(z - z.mean(0), ((0, 0), (0, width - z.shape[1]))) for z in (x, y))
    turned = x @ orthogonal_procrustes(x, y)[0]
    return math.acos((turned * y).sum() / np.linalg.norm(x) / np.linalg.norm(y))


@pytest.mark.parametrize(("n", "d", "other"), [(23, 6, 4), (9, 40, 30), (40, 1, 2)])
def test_the_distance_is_the_angle_after_the_best_rotation(n, d, other):
    x, y = related(n, d, other)
    assert angular_shape_distance(x, y).value == pytest.approx(by_definition(x, y), abs=1e-9)


def test_orthogonal_spaces_are_a_right_angle_apart_and_a_space_is_at_itself():
    columns = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 5)) @ np.eye(5), mode="reduced")[0]
    centred = np.linalg.qr(columns - columns.mean(0))[0]
    assert angular_shape_distance(centred[:, :2], centred[:, 2:]).value == pytest.approx(math.pi / 2)
    assert angular_shape_distance(columns, 3 * columns + 1).value == pytest.approx(0.0, abs=1e-7)


def test_it_is_a_metric():
    spaces = [related(12, 4, 4, seed=seed, noise=5.0)[seed % 2] for seed in range(6)]
    distances = {(a, b): angular_shape_distance(spaces[a], spaces[b]).value for a in range(6) for b in range(6)}
    for a, b, c in itertools.permutations(range(6), 3):
        assert distances[a, b] == pytest.approx(distances[b, a])
        assert distances[a, c] <= distances[a, b] + distances[b, c]
