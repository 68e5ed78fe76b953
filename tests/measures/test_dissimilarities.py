"""RSA in the forms of other papers, against SciPy's distances and correlations of all pairs."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr

from tests.measures import definitions
from twin_alignment.comparison.array_comparison import compare
from twin_alignment.measures import chunks, dissimilarities
from twin_alignment.measures import distance_ranks as ranks
from twin_alignment.measures.dissimilarities import rsa_correlation, rsa_euclidean
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.rank_correlations import rsa_spearman


def related(n=41, d=6, other=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) + 0.5
    return x, x @ rng.normal(size=(d, other)) + rng.normal(size=(n, other))


def pair(x, y):
    return Pair(*(FeatureSet(torch.as_tensor(rows), name) for rows, name in ((x, "first"), (y, "second"))))


@pytest.mark.parametrize("chunk", [1, 7, 41, 1024])
@pytest.mark.parametrize(
    ("function", "metric", "correlation"),
    [
        (rsa_correlation, "correlation", pearsonr),
        (rsa_euclidean, "euclidean", pearsonr),
        (rsa_spearman, "cosine", spearmanr),
    ],
)
def test_they_are_correlations_of_all_pairs(monkeypatch, chunk, function, metric, correlation):
    monkeypatch.setattr(dissimilarities, "CHUNK", chunk)
    monkeypatch.setattr(ranks, "CHUNK", chunk)
    x, y = related()
    expected = correlation(pdist(x, metric), pdist(y, metric)).statistic
    assert function(pair(x, y)).value == pytest.approx(expected, abs=1e-12)


def test_euclidean_distances_keep_their_digits_far_from_the_origin():
    x, y = related()
    expected = pearsonr(pdist(x), pdist(y)).statistic
    assert rsa_euclidean(pair(x + 1e7, y * 1e-9)).value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("measure", ["cka_raw", "procrustes", "rsa_euclidean"])
def test_a_mean_of_many_digits_is_taken_away_from_raw_features(measure):
    x, y = related()
    x = 1e8 + 1e-7 * x  # some units in the last place of float64: all of the mean's rounding shows
    exact = ((x - 1e8) * 2.0**26 - ((x - 1e8) * 2.0**26).mean(0)).astype(np.float64)
    expected = compare(exact, y, [measure])[measure].value
    assert compare(x, y, [measure])[measure].value == pytest.approx(expected, abs=1e-9)


def test_what_has_no_such_correlation_is_named():
    x, y = related()
    with pytest.raises(ValueError, match="first: row 0 is constant and has no correlation"):
        rsa_correlation(pair(np.ones_like(x), y))
    with pytest.raises(ValueError, match="first: all similarities are equal, as all rows are the same"):
        rsa_euclidean(pair(np.ones_like(x), y))
    with pytest.raises(ValueError, match="41 and 40 rows"):
        rsa_euclidean(pair(x, y[:-1]))
    with pytest.raises(ValueError, match="first has 41 rows and second has 40"):
        rsa_spearman(pair(x, y[:-1]))


def test_ranks_that_do_not_fit_into_memory_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(ranks.os, "sysconf", lambda name: 1 if name == "SC_PAGE_SIZE" else 1000)
    with pytest.raises(ValueError, match="41 rows: ranks of all pairs take"):
        rsa_spearman(pair(*related()))


def test_chunks_can_be_followed():
    seen = []

    def track(items, total):
        seen.append(total)
        return items

    monkey = chunks.CHUNK
    rsa_euclidean(pair(*related(n=monkey + 1)), track)
    assert seen == [2, 10]  # chunks, and blocks of the interval


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_two_arrays_of_numpy_or_torch_are_compared(kind):
    x, y = related()
    found = compare(kind(x), kind(y))
    assert {name: one.value for name, one in found.items()} == pytest.approx(definitions.measures(x, y), abs=1e-10)
    assert list(compare(x, y, ["rsa"])) == ["rsa"]
    with pytest.raises(ValueError, match="measure 'pwcca': expected some of cka"):
        compare(x, y, ["pwcca"])
    with pytest.raises(ValueError, match=r"measures = 'cka': expected a list of names, as \['cka'\]"):
        compare(x, y, "cka")
