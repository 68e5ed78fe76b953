"""Constant up to rounding: refused by every measure, alike for rows of any type, size and number."""

import numpy as np
import pytest
import torch

from twin_alignment.comparison.array_comparison import compare
from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
from twin_alignment.measures.registry import ALL_MEASURES
from twin_alignment.measures.rounding import CollapseError
from twin_alignment.measures.streaming import Accumulator

RNG = np.random.default_rng(0)
RAW = ("cka_raw", "cka_rbf", "procrustes", "shape_distance", "cca", "svcca", "predictivity", "predictivity_reverse")
COSINE = [name for name in ALL_MEASURES if name not in (*RAW, "rsa_euclidean", "rsa_correlation")]


def constant(value, n=40, d=7, dtype=np.float64, units=0):
    """Rows of one value, moved by some units in the last place."""
    rows = np.full((n, d), value, dtype)
    return (rows * (1 + units * np.finfo(dtype).eps * RNG.integers(-1, 2, (n, d)))).astype(dtype)


CONSTANT = {
    "ten columns": constant(0.1, d=10),
    "seven columns": constant(0.1, d=7),
    "many rows": constant(0.1, n=3000, d=3),
    "large": constant(1e12),
    "small": constant(1e-9),
    "float64, last place": constant(0.3, units=2),
    "float32": constant(0.1, dtype=np.float32),
    "float32, last place": constant(0.3, dtype=np.float32, units=2),
    "float16, last place": constant(0.3, dtype=np.float16, units=2),
    "whole": constant(3).astype(int),
    "different columns": np.tile(RNG.normal(size=5), (40, 1)),
    "different columns, last place": (
        np.tile(RNG.normal(size=5), (40, 1)).astype(np.float32)
        * (1 + np.finfo(np.float32).eps * RNG.integers(-1, 2, (40, 5)))
    ).astype(np.float32),
    "network": np.tile((RNG.normal(size=64) @ RNG.normal(size=(64, 5))).astype(np.float32), (40, 1)),
}


@pytest.mark.parametrize("name", CONSTANT)
@pytest.mark.parametrize("measure", ALL_MEASURES)
def test_constant_features_have_no_measure(name, measure):
    x = CONSTANT[name]
    for pair in ((x, x), (x, RNG.normal(size=(len(x), 4))), (RNG.normal(size=(len(x), 4)), x)):
        with pytest.raises(ValueError, match=r"first: |second: "):
            compare(*pair, [measure])


@pytest.mark.parametrize("name", CONSTANT)
def test_constant_features_have_no_class_variance_and_no_sums(name):
    x, labels = CONSTANT[name], np.arange(len(CONSTANT[name])) % 3
    for function in (cdnv, directional_cdnv):
        with pytest.raises(CollapseError, match="all rows are the same up to rounding"):
            function(x, labels)
    sums = Accumulator(["a", "b"])
    for part in (slice(0, 11), slice(11, None)):
        sums.update({"a": x[part], "b": RNG.normal(size=(len(x[part]), 4))})
    with pytest.raises(CollapseError, match="a: all similarities are equal"):
        sums.similarity("a", "b")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("measure", COSINE)
def test_multiples_of_one_row_have_no_cosine_measure(dtype, measure):
    x = (np.linspace(1, 2, 40)[:, None] * RNG.normal(size=6)).astype(dtype)
    with pytest.raises(CollapseError, match="all rows are multiples of one up to rounding"):
        compare(x, x, [measure])
    assert compare(x, 2 * x, ["procrustes"])["procrustes"].value == pytest.approx(1.0)


@pytest.mark.parametrize("width", [3, 7, 10, 64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_constant_row_has_no_correlation(width, dtype):
    x = RNG.normal(size=(20, width)).astype(dtype)
    x[3] = 0.1
    with pytest.raises(ValueError, match="first: row 3 is constant and has no correlation"):
        compare(x, x, ["rsa_correlation"])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_small_differences_beside_large_constants_are_values(dtype):
    x = RNG.normal(size=(30, 4))
    moved = x * (1e-6 if dtype == np.float64 else 1e-3) + 1
    found = compare(moved.astype(dtype), x, ["cka_raw", "procrustes"])
    for one in found.values():
        assert one.value == pytest.approx(1.0, abs=1e-3)
    beside = np.hstack([x, np.full((30, 1), 1e9)]).astype(dtype)
    assert compare(beside, x.astype(dtype), ["cka_raw"])["cka_raw"].value == pytest.approx(1.0, abs=1e-5)


def test_classes_of_one_mean_up_to_rounding_have_no_distance():
    points = RNG.normal(size=(50, 3))
    x = np.vstack([points, points[RNG.permutation(50)] / 3 * 3])
    with pytest.raises(ValueError, match="two classes have the same mean, up to rounding"):
        cdnv(x, np.repeat([0, 1], 50))


def test_a_batch_of_no_rows_adds_nothing():
    x, y = RNG.normal(size=(16, 3)), RNG.normal(size=(16, 4))
    sums = Accumulator(["a", "b"])
    for rows in (slice(0, 0), slice(0, 8), slice(8, 8), slice(8, 16), slice(16, 16)):
        sums.update({"a": x[rows], "b": torch.from_numpy(y[rows])})
    assert sums.rows == 16
    assert sums.similarity("a", "b").cka == pytest.approx(compare(x, y, ["cka"])["cka"].value)
    with pytest.raises(ValueError, match="0 rows"):
        Accumulator(["a"]).similarity("a", "a")
