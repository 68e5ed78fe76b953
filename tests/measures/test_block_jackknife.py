"""Intervals from blocks of rows: of single rows by deletion, and as wide as values spread."""

import math

import numpy as np
import pytest
from scipy.stats import t

from tests.measures.pairs import related
from twin_alignment.comparison.array_comparison import compare
from twin_alignment.measures.block_jackknife import block_interval

BY_BLOCKS = {
    "procrustes": 0.0,
    "shape_distance": 0.0,
    "cca": 0.0,
    "svcca": 0.0,
    "rsa_euclidean": -1.0,
    "rsa_spearman": -1.0,
    "rsa_rho_a": -1.0,
    "rsa_tau_a": -1.0,
    "mutual_knn": 0.0,
}  # and the lower end of the range


@pytest.mark.parametrize("name", BY_BLOCKS)
def test_ten_rows_are_left_out_one_after_another(name):
    x, y = related(10, 3, 2)
    found = compare(x, y, [name])[name]
    values = [compare(np.delete(x, k, 0), np.delete(y, k, 0), [name])[name].value for k in range(10)]
    if name == "mutual_knn":  # of nine neighbours and eight
        assert (found.value, found.low) == (1.0, 1.0)
        return
    place = np.cos if name == "shape_distance" else np.asarray  # where the interval is symmetric
    values, middle = place(values), float(place(found.value))
    half = t.ppf(0.975, 9) * math.sqrt(9 / 10 * ((values - values.mean()) ** 2).sum())
    ends = sorted(place([found.low, found.high]))
    assert ends == pytest.approx([max(BY_BLOCKS[name], middle - half), min(1.0, middle + half)], abs=1e-7)


@pytest.mark.parametrize("rows", [6, 10, 23, 40])
def test_every_row_is_left_out_once(rows):
    left_out, values = [], []

    def value_of(kept):
        assert kept.tolist() == sorted(kept.tolist())
        left_out.append(sorted({*range(rows)} - {*kept.tolist()}))
        values.append(float(kept.sum()) / 1000)
        return values[-1]

    low, high = block_interval(0.5, rows, value_of, -99.0)
    assert sorted(row for block in left_out for row in block) == list(range(rows))
    assert {len(block) for block in left_out} <= {rows // len(left_out), rows // len(left_out) + 1}
    assert len(left_out) == min(rows, 10)
    spread = np.square(np.array(values) - np.mean(values)).sum() * (len(values) - 1) / len(values)
    half = t.ppf(0.975, len(values) - 1) * math.sqrt(spread)
    assert (low, high) == pytest.approx((0.5 - half, min(1.0, 0.5 + half)))


def test_a_measure_that_is_not_defined_without_a_block_has_the_whole_range():
    def value_of(kept):
        raise ValueError("not defined")

    assert block_interval(0.5, 30, value_of, -1.0) == (-1.0, 1.0)


@pytest.mark.parametrize(
    "name",
    [
        *("procrustes", "shape_distance", "cca", "predictivity", "cka_rbf", "rsa_tau_a", "mutual_knn"),
        pytest.param("cknna", marks=pytest.mark.long),
    ],
)
def test_intervals_are_as_wide_as_values_spread(name):
    """Over new rows of one distribution; half an interval is a quantile times the standard error."""
    rng = np.random.default_rng(1)
    mix, found = rng.normal(size=(3, 3)), []
    for _ in range(50):
        x = rng.normal(size=(100, 3))
        found.append(compare(x, x @ mix + 1.5 * rng.normal(size=(100, 3)), [name])[name])
    spread = np.std([one.value for one in found], ddof=1)
    quantile = 1.96 if name in ("predictivity", "cka_rbf") else t.ppf(0.975, 9)
    error = math.sqrt(np.mean([((one.high - one.low) / 2 / quantile) ** 2 for one in found]))
    most = 2.2 if name in ("mutual_knn", "cknna") else 1.4  # a jackknife is too wide where values jump
    assert 0.75 < error / spread < most
