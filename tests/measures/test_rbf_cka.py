"""RBF-CKA against kernels of scikit-learn, N x N."""

import itertools
import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import rbf_kernel

from tests.measures import definitions
from tests.measures.pairs import pair, related
from twin_alignment.measures import rbf_cka as module
from twin_alignment.measures import representation
from twin_alignment.measures.rbf_cka import cka_rbf, median_of_squares, rbf_cka
from twin_alignment.measures.rounding import CollapseError


def median(x):
    """Return the lower of both middle distances, of an even number."""
    distances = np.sort(pdist(x))
    return distances[(len(distances) - 1) // 2]


def by_definition(x, y, widths=None):
    widths = widths or (median(x), median(y))
    return definitions.cka(*(rbf_kernel(z, gamma=1 / (2 * w**2)) for z, w in zip((x, y), widths, strict=True)))


@pytest.mark.parametrize("chunk", [1, 7, 1024])
@pytest.mark.parametrize(("n", "d", "other"), [(23, 6, 4), (9, 40, 30), (40, 1, 2)])
def test_the_value_is_that_of_the_kernels(monkeypatch, chunk, n, d, other):
    monkeypatch.setattr(module, "CHUNK", chunk)
    x, y = related(n, d, other)
    assert rbf_cka(x, y).value == pytest.approx(by_definition(x, y), abs=1e-8)
    widths = 0.4 * median(x), 0.4 * median(y)
    assert rbf_cka(x, y, bandwidth=0.4).value == pytest.approx(by_definition(x, y, widths), abs=1e-8)


@pytest.mark.parametrize("n", [8, 9, 23, 60])
def test_the_median_is_that_of_all_distances(n):
    x, _ = related(n, seed=n)
    found = median_of_squares(pair(x, x).first.raw.a)
    scale = x - x.mean(0)  # rows are measured in units of their spread
    spread = np.sqrt((scale**2).sum(1).mean())
    assert math.sqrt(found) * spread == pytest.approx(median(x), rel=1e-7)


def test_the_interval_leaves_out_one_row_after_another_at_the_same_widths():
    x, y = related(14)
    widths, found = (median(x), median(y)), rbf_cka(x, y)
    values = np.array([by_definition(np.delete(x, k, 0), np.delete(y, k, 0), widths) for k in range(14)])
    half = 1.959964 * math.sqrt(13 / 14 * ((values - values.mean()) ** 2).sum())
    assert (found.low, found.high) == pytest.approx((max(0, found.value - half), min(1, found.value + half)), abs=1e-6)


def test_the_chance_level_is_mean_and_spread_over_all_orders():
    x, y = related(6, 3, 3)
    found = rbf_cka(x, y)
    values = np.array([by_definition(x, y[list(order)]) for order in itertools.permutations(range(6))])
    assert (found.null, found.null_sd) == pytest.approx((values.mean(), values.std()), abs=1e-7)


def test_float32_products_agree_with_float64(monkeypatch):
    x, y = related(300, 12, 10)
    exact = rbf_cka(x, y)
    monkeypatch.setattr(representation, "LARGE", 0)
    found = rbf_cka(x, y)
    assert found.value != exact.value
    for part in ("value", "low", "high", "null", "null_sd"):
        assert getattr(found, part) == pytest.approx(getattr(exact, part), abs=2e-6)


def test_a_kernel_without_a_width_is_refused():
    halves = np.repeat(np.eye(2), 10, axis=0)
    x, _ = related(20)
    assert rbf_cka(x, halves + 1).value > 0  # 100 of 190 pairs differ
    uneven = np.repeat(np.eye(2), [15, 5], axis=0)
    with pytest.raises(CollapseError, match="second: most pairs of rows are the same up to rounding"):
        rbf_cka(x, uneven)
    with pytest.raises(ValueError, match="expected at least 5 rows and a width above 0"):
        rbf_cka(x, x, bandwidth=0.0)
    with pytest.raises(ValueError, match="4 rows"):
        cka_rbf(pair(x[:4], x[:4]))
