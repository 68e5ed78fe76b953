import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

from tests.measures import definitions
from twin_alignment.measures import feature_set, products, representation
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.geometry import procrustes
from twin_alignment.measures.jackknife import cka, cka_debiased, rsa
from twin_alignment.measures.neighbours import mutual_knn
from twin_alignment.measures.registry import MEASURES

ESTIMATED = ("cka", "cka_raw", "cka_debiased", "rsa")  # with interval and null


def related(seed, n=23, d=6, other=4, scale=1.0):
    """Two representations that share some structure."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = x @ rng.normal(size=(d, other)) + scale * rng.normal(size=(n, other))
    return x + 0.3, y


def pair(x, y):
    return Pair(*(FeatureSet(torch.as_tensor(rows), name) for rows, name in ((x, "first"), (y, "second"))))


def compared(x, y):
    both = pair(x, y)
    return {name: measure(both) for name, measure in MEASURES.items()}


@pytest.mark.parametrize(("n", "d", "other"), [(23, 6, 4), (9, 40, 30), (5, 3, 2), (60, 1, 2)])
def test_values_are_those_of_the_definitions(n, d, other):
    x, y = related(1, n, d, other)
    found, expected = compared(x, y), definitions.measures(x, y)
    for name in ESTIMATED:
        assert found[name].value == pytest.approx(expected[name], abs=1e-10)


@given(st.integers(3, 40), st.integers(1, 60), st.integers(1, 60), st.integers(0, 10**6), st.floats(0, 5))
def test_values_alone_are_those_of_the_definitions(n, d, e, seed, shift):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d + 1)) + shift
    y = x[:, :1] @ rng.normal(size=(1, e + 1)) + rng.normal(size=(n, e + 1))
    found, kernels = pair(x, y).similarity, [definitions.cosine_matrix(rows) for rows in (x, y)]
    expected = definitions.cka(*kernels), definitions.rsa(*kernels)
    assert (found.cka, found.rsa) == pytest.approx(expected, abs=1e-9)


def test_two_rows_and_opposite_structures_stay_in_range():
    x, y = related(19, n=2)
    with pytest.raises(ValueError, match="RSA is not defined"):  # a single pair has no variance
        _ = pair(x, y).similarity
    triangle, moved = np.array([[1, 0], [1, 0.1], [0, 1.0]]), np.array([[1, 0], [0, 1.0], [1, 0.1]])
    found = pair(triangle, moved).similarity
    assert 0 <= found.cka <= 1
    assert -1 <= found.rsa < 0


@pytest.mark.parametrize(("n", "d"), [(12, 5), (8, 20)])
def test_the_interval_is_that_of_leaving_out_one_row_after_another(n, d):
    x, y = related(3, n, d)
    found = compared(x, y)
    left_out = [definitions.measures(np.delete(x, k, 0), np.delete(y, k, 0)) for k in range(n)]
    for name in ESTIMATED:
        values = np.array([one[name] for one in left_out])
        half = 1.959964 * math.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum())
        estimate = found[name]
        least = 0.0 if name in ("cka", "cka_raw") else -1.0
        assert estimate.low == pytest.approx(max(least, estimate.value - half), rel=1e-6, abs=1e-9)
        assert estimate.high == pytest.approx(min(1.0, estimate.value + half), rel=1e-6, abs=1e-9)


def test_the_null_is_mean_and_spread_over_all_orders():
    x, y = related(4, n=6, d=3, other=3)
    found = compared(x, y)
    orders = [definitions.measures(x, y[list(order)]) for order in itertools.permutations(range(6))]
    for name in ESTIMATED:
        values = np.array([one[name] for one in orders])
        assert found[name].null == pytest.approx(values.mean(), abs=1e-10)
        assert found[name].null_sd == pytest.approx(values.std(), rel=1e-8)


def test_unrelated_rows_lie_in_the_null_and_the_debiased_measure_around_zero():
    rng = np.random.default_rng(5)
    found = compared(rng.normal(size=(300, 50)), rng.normal(size=(300, 50)))
    for name in ESTIMATED:
        estimate = found[name]
        assert abs(estimate.value - estimate.null) < 5 * estimate.null_sd
    assert found["cka"].value > 0.1  # what the biased measure shows where there is nothing
    assert abs(found["cka_debiased"].value) < 0.03


def test_jackknife_intervals_cover_the_value_of_the_population():
    rng = np.random.default_rng(6)
    mix = rng.normal(size=(4, 4))

    def draw(n):
        x = rng.normal(size=(n, 4))
        return pair(x, x @ mix + rng.normal(size=(n, 4)))

    population = cka_debiased(draw(60_000)).value
    intervals_found = [cka_debiased(draw(150)) for _ in range(200)]
    covered = sum(one.low <= population <= one.high for one in intervals_found)
    assert 0.88 * 200 <= covered <= 0.995 * 200


def test_cosines_almost_equal_keep_their_digits():
    rng = np.random.default_rng(7)
    x, y = related(8, n=30, d=8, other=8)
    base = rng.normal(size=8)
    close_x, close_y = base + 1e-4 * x, base[::-1] + 1e-4 * y  # cosines within 1e-7 of 1
    kernels = []
    for rows in (close_x, close_y):  # S - 1 = -|u_i - u_j|^2 / 2 without cancellation
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        kernels.append(-((unit[:, None] - unit[None]) ** 2).sum(2) / 2)
    assert np.abs(kernels[0]).max() < 1e-6
    found = compared(close_x, close_y)
    assert found["cka"].value == pytest.approx(definitions.cka(*kernels), rel=1e-6)
    assert found["rsa"].value == pytest.approx(definitions.rsa(*kernels), rel=1e-6)


def test_float32_blocks_agree_with_float64(monkeypatch):
    x, y = related(9, n=5000, d=12, other=10)
    x, y = x + 50.0, y + 50.0
    exact = compared(x, y)
    monkeypatch.setattr(representation, "LARGE", 0)
    monkeypatch.setattr(products, "BLOCK", 1000)
    monkeypatch.setattr(products, "STRIPE", 700)
    blocks = compared(x, y)
    assert FeatureSet(torch.from_numpy(x), "x").unit.a.centred.dtype == torch.float32
    for name in ESTIMATED:
        for part in ("value", "low", "high", "null", "null_sd"):
            assert getattr(blocks[name], part) == pytest.approx(getattr(exact[name], part), rel=2e-5, abs=2e-5)
    assert blocks["rsa"].value != exact["rsa"].value  # another way was taken


@pytest.mark.parametrize(("large", "digits"), [(2**30, 1e-9), (0, 1e-5)])
def test_more_dimensions_than_rows_give_what_their_rotation_into_fewer_gives(monkeypatch, large, digits):
    monkeypatch.setattr(representation, "LARGE", large)
    x, y = related(20, n=15, d=5, other=4)
    wide = x @ np.eye(5, 400) @ ortho_group.rvs(400, random_state=0)
    found, other = compared(wide, y), compared(x, y)
    for name in MEASURES:
        for part in ("value", "low", "high", "null", "null_sd"):
            assert getattr(found[name], part) == pytest.approx(getattr(other[name], part), abs=digits, nan_ok=True)
    few, many, second = map(torch.from_numpy, (x, wide, y))
    assert procrustes(many, second) == pytest.approx(procrustes(few, second), abs=digits)
    assert mutual_knn(many, second, 4) == mutual_knn(few, second, 4)


def test_products_of_more_dimensions_than_rows_are_no_larger_than_the_rows():
    sides = [FeatureSet(torch.from_numpy(related(seed, n=20, d=20_000)[0]), "wide") for seed in (21, 22)]
    for side in sides:  # 20,000 x 20,000 would take 3.2 GB
        assert side.unit.a.centred.shape == side.raw.a.centred.shape == (20, 20)
    found = {name: MEASURES[name](Pair(*sides)).value for name in ESTIMATED}
    assert found == pytest.approx(definitions.measures(*(side.features for side in sides)), abs=1e-10)


def test_rotation_scale_and_order_of_rows_change_nothing():
    for seed in range(20):
        x, y = related(seed, n=15, d=5, other=4)
        rng = np.random.default_rng(seed)
        order = rng.permutation(15)
        turn = ortho_group.rvs(5, random_state=rng)
        found, other = compared(x, y), compared(7.0 * (x @ turn)[order], 0.01 * y[order])
        for name in ESTIMATED:
            for part in ("value", "low", "high", "null", "null_sd"):
                assert getattr(other[name], part) == pytest.approx(getattr(found[name], part), abs=1e-9)


def test_a_representation_is_like_itself():
    x, _ = related(11, n=40)
    found = compared(x, 3.0 * x)
    for name in ESTIMATED:
        estimate = found[name]
        assert (estimate.value, estimate.high) == (pytest.approx(1.0, abs=1e-12), pytest.approx(1.0, abs=1e-6))
        assert estimate.value <= 1.0
    assert found["rho"].value == pytest.approx(0.0, abs=1e-6)
    assert found["r"].value == pytest.approx(0.0, abs=1e-6)


def test_distances_of_the_corollaries_are_those_of_the_matrices():
    x, y = related(12)
    a, b = definitions.cosine_matrix(x), definitions.cosine_matrix(y)
    found = compared(x, y)
    ka, kb = definitions.centre(a), definitions.centre(b)
    assert found["rho"].value == pytest.approx(np.linalg.norm(ka - kb) / np.linalg.norm(ka), rel=1e-9)
    pairs = np.triu_indices(len(a), 1)
    difference = np.linalg.norm(b[pairs] - a[pairs])
    assert found["drift"].value == pytest.approx(np.linalg.norm(a - b), rel=1e-9)
    assert found["r"].value == pytest.approx(difference / (math.sqrt(len(pairs[0])) * a[pairs].std()), rel=1e-9)


def test_duplicated_rows_and_constant_columns_are_values():
    x, y = related(13, n=8)
    x, y = np.repeat(x, 2, axis=0), np.repeat(y, 2, axis=0)
    x = np.hstack([x, np.full((16, 1), 2.0)])
    found, expected = compared(x, y), definitions.measures(x, y)
    for name in ESTIMATED:
        assert found[name].value == pytest.approx(expected[name], abs=1e-10)


def test_huge_and_tiny_features_are_values():
    x, y = related(14)
    found, other = compared(x, y), compared(x * 1e150, y * 1e-150)
    for name in ESTIMATED:
        assert other[name].value == pytest.approx(found[name].value, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:4], "4 rows, expected at least 5"),
        (np.ones_like, "all similarities are equal"),
        (lambda x: np.linspace(1, 2, len(x))[:, None] * np.ones_like(x), "all similarities are equal"),
        (lambda x: np.where(np.arange(len(x))[:, None] == 3, np.nan, x), "row 3 is zero or not finite"),
        (lambda x: np.where(np.arange(len(x))[:, None] == 3, np.inf, x), "row 3 is zero or not finite"),
        (lambda x: np.where(np.arange(len(x))[:, None] == 3, 0.0, x), "row 3 is zero or not finite"),
        (lambda x: x[:, :0], r"shape \(23, 0\), expected \[N, d\]: at least 2 rows and 1 column"),
        (lambda x: x[:, 0], r"shape \(23,\), expected \[N, d\]"),
        (lambda x: x[:1], r"shape \(1, \d+\), expected \[N, d\]"),
    ],
)
def test_what_has_no_value_is_refused(change, message):
    x, _ = related(15)
    with pytest.raises(ValueError, match=message):
        compared(change(x), change(x))


def test_a_row_that_carries_everything_has_no_debiased_measure_and_no_interval_but_the_whole_range():
    x = np.ones((8, 2))
    x[3] = (1.0, -1.0)
    debiased = cka_debiased(pair(x, x))
    assert math.isnan(debiased.value)
    assert (debiased.low, debiased.high) == (-1.0, 1.0)
    assert "debiased CKA is not defined: similarities of first" in debiased.note
    assert compared(x, x)["rsa"].value == pytest.approx(1.0)
    whole = cka(pair(x, x)), rsa(pair(x, x))
    assert [(e.value, e.low, e.high) for e in whole] == [(pytest.approx(1.0), least, 1.0) for least in (0.0, -1.0)]


def test_classes_as_far_from_each_other_as_can_be_have_no_rsa():
    with pytest.raises(ValueError, match="RSA is not defined"):
        rsa(pair(np.eye(7), related(18, n=7)[0]))


def test_terms_are_computed_once_for_all_that_share_them_and_only_where_asked_for(monkeypatch):
    products_made = []
    for module in (feature_set, representation):
        monkeypatch.setattr(module, "gram", lambda a, b: products_made.append(a is b) or products.gram(a, b))
    sides = [FeatureSet(torch.from_numpy(related(seed)[0]), str(seed)) for seed in range(3)]
    pairs = [Pair(*both) for both in itertools.combinations(sides, 2)]
    alone = [cka(pair) for pair in pairs]
    assert sorted(products_made) == [False] * 3 + [True] * 3  # nothing of raw features
    together = [{name: measure(pair) for name, measure in MEASURES.items()} for pair in pairs]
    assert sorted(products_made) == [False] * 6 + [True] * 6
    assert [found["cka"] for found in together] == alone
