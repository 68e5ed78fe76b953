"""Ties: rank correlations and neighbours against SciPy and plain definitions of values rounded by hand."""

import itertools

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform
from scipy.stats import ortho_group, rankdata, spearmanr

from twin_alignment.comparison.array_comparison import compare
from twin_alignment.measures import distance_ranks, tau_a
from twin_alignment.measures.neighbours import mutual_knn
from twin_alignment.measures.registry import ALL_MEASURES

N = 24
RNG = np.random.default_rng(0)
CLASSES = np.arange(N) % 4
FEATURES = {
    "real": RNG.normal(size=(N, 5)),
    "one-hot": np.eye(4)[CLASSES],
    "scaled one-hot": np.eye(4)[CLASSES] * RNG.uniform(0.1, 9, (N, 1)),
    "several-hot": RNG.integers(0, 2, (N, 6)) + np.eye(6)[np.arange(N) % 6],
    "counts": RNG.integers(1, 4, (N, 3)).astype(float),
    "signs": np.sign(RNG.normal(size=(N, 7))),
    "duplicates": np.repeat(RNG.normal(size=(N // 3, 5)), 3, axis=0),
}
RANKED = ("rsa_spearman", "rsa_rho_a", "rsa_tau_a")


def distances(x):
    return pdist(x, "cosine").round(10) + 0.0


def by_definition(a, b):
    """Spearman's of SciPy; rho-a and tau-a of Schuett et al. 2023, as sums over distances and pairs of them."""
    n = len(a)
    rho_a = 12 * (rankdata(a) @ rankdata(b)) / (n**3 - n) - 3 * (n + 1) / (n - 1)
    signs = [np.sign(x[:, None] - x) for x in (a, b)]
    return {
        "rsa_spearman": spearmanr(a, b).statistic,
        "rsa_rho_a": rho_a,
        "rsa_tau_a": (signs[0] * signs[1]).sum() / (n * (n - 1)),
    }


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations_with_replacement(FEATURES, 2)))
def test_ties_are_ties_in_every_rank_correlation(first, second):
    x, y = FEATURES[first], FEATURES[second]
    expected = by_definition(distances(x), distances(y))
    found = {name: one.value for name, one in compare(x, y, RANKED).items()}
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FEATURES)
def test_what_changes_no_cosine_changes_no_rank(name, dtype):
    x, other = FEATURES[name].astype(dtype), FEATURES["real"]
    turn = ortho_group.rvs(x.shape[1], random_state=1).astype(dtype)
    wide = np.hstack([x, np.zeros((N, 50), dtype)])
    for same in (x[:, ::-1], x @ turn, 3 * x, wide, x * RNG.uniform(0.5, 2, (N, 1)).astype(dtype)):
        assert compare(x, same, ["rsa_spearman"])["rsa_spearman"].value == pytest.approx(1.0, abs=1e-9)
        for measure in (*RANKED, "mutual_knn"):
            expected, found = (compare(rows, other, [measure])[measure].value for rows in (x, same))
            assert found == pytest.approx(expected, abs=1e-9), measure


def test_distances_that_differ_little_are_no_ties():
    """At the start of training all cosines are close to 1."""
    x, y = 1 + 1e-4 * FEATURES["real"], FEATURES["counts"]
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    close = pdist(unit, "sqeuclidean")
    assert len(np.unique(close)) == len(close)
    found = {name: one.value for name, one in compare(x, y, RANKED).items()}
    assert found == pytest.approx(by_definition(close, distances(y)), abs=1e-9)


def test_one_row_far_from_close_ones_leaves_their_order():
    x = (1 + 1e-3 * FEATURES["real"]).astype(np.float32)
    x[0] = (1, -1, 1, -1, 1)
    unit = x.astype(float) / np.linalg.norm(x.astype(float), axis=1, keepdims=True)
    expected = spearmanr(pdist(unit, "sqeuclidean"), distances(FEATURES["real"])).statistic
    found = compare(x, FEATURES["real"], ["rsa_spearman"])["rsa_spearman"].value
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("first", "second"), [("real", "signs"), ("counts", "one-hot"), ("real", "duplicates")])
def test_rank_correlations_are_those_of_rsatoolbox(first, second):
    rdm = pytest.importorskip("rsatoolbox.rdm", reason="rsatoolbox is not installed")
    x, y = FEATURES[first], FEATURES[second]
    sides = [rdm.RDMs(distances(z)[None]) for z in (x, y)]
    for name, method in zip(RANKED, ("spearman", "rho-a", "tau-a"), strict=True):
        expected = float(rdm.compare(*sides, method=method)[0, 0])
        assert compare(x, y, [name])[name].value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("first", "second"), [("real", "signs"), ("counts", "one-hot")])
def test_the_chance_level_of_ranks_is_that_of_all_orders(first, second):
    x, y = FEATURES[first][:6], FEATURES[second][:6]
    rows = [by_definition(distances(x), distances(y[list(order)])) for order in itertools.permutations(range(6))]
    for name, estimate in compare(x, y, RANKED).items():
        values = np.array([row[name] for row in rows])
        assert estimate.null == pytest.approx(values.mean(), abs=1e-9)
        if name != "rsa_tau_a":
            assert estimate.null_sd == pytest.approx(values.std(), rel=1e-8)


def test_many_pairs_are_sampled_and_the_note_says_how_many(monkeypatch):
    x, y = RNG.normal(size=(60, 5)), RNG.normal(size=(60, 2))
    y[:, 0] += 3 * x[:, 0]
    whole = compare(x, y, ["rsa_tau_a"])["rsa_tau_a"]
    monkeypatch.setattr(tau_a, "MAX_PAIRS", 1500)
    monkeypatch.setattr(tau_a, "MAX_INTERVAL_PAIRS", 1500)
    monkeypatch.setattr(distance_ranks, "CHUNK", 7)
    sample = np.unique(np.random.default_rng(0).integers(1770, size=1000))
    monkeypatch.setattr(tau_a, "_sample", lambda rows, pairs: sample)
    found = compare(x, y, ["rsa_tau_a"])["rsa_tau_a"]
    assert found.value == pytest.approx(by_definition(distances(x)[sample], distances(y)[sample])["rsa_tau_a"])
    assert found.note.startswith(f"a random sample of {len(sample):,} of 1,770 pairs of rows; no interval")
    assert np.isnan(found.low)
    monkeypatch.undo()
    monkeypatch.setattr(tau_a, "MAX_PAIRS", 1500)
    found = compare(x, y, ["rsa_tau_a"])["rsa_tau_a"]
    assert found.value == pytest.approx(whole.value, abs=0.05)
    assert "a random sample of 1," in found.note


def neighbour_chances(x, count):
    """Of every row to be among the nearest `count`, over random orders of the ties."""
    rng, total = np.random.default_rng(2), np.zeros((N, N))
    square = squareform(distances(x))
    np.fill_diagonal(square, np.inf)
    for _ in range(3000):
        order = np.lexsort((rng.random((N, N)), square))[:, :count]
        np.put_along_axis(total, order, np.take_along_axis(total, order, 1) + 1, 1)
    return total / 3000


@pytest.mark.parametrize(
    ("first", "second"), [("one-hot", "real"), ("counts", "several-hot"), ("duplicates", "one-hot")]
)
def test_shared_neighbours_are_the_mean_over_all_ways_to_break_ties(first, second):
    x, y = FEATURES[first], FEATURES[second]
    expected = (neighbour_chances(x, 4) * neighbour_chances(y, 4)).sum() / (N * 4)
    assert mutual_knn(x, y, 4) == pytest.approx(expected, abs=5e-3)


def test_a_measure_that_ties_decide_says_so():
    tied = compare(FEATURES["one-hot"], FEATURES["real"], ["mutual_knn"])["mutual_knn"]
    assert tied.note == f"{N} of {N} rows have ties for their last neighbours: the mean over all ways to break them"
    assert compare(FEATURES["real"], FEATURES["real"] ** 3, ["mutual_knn"])["mutual_knn"].note == ""
    tied_with_itself = [name for name, one in ALL_MEASURES.items() if one.identity is None and one.symmetric]
    assert tied_with_itself == [*RANKED[1:], "mutual_knn"]


def test_every_measure_has_its_value_with_itself():
    x = torch.from_numpy(FEATURES["real"])
    found = compare(x, x, list(ALL_MEASURES))
    for name, measure in ALL_MEASURES.items():
        assert found[name].value == pytest.approx(1.0 if measure.identity is None else measure.identity, abs=1e-6)
