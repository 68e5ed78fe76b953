import numpy as np
import pytest
import torch
from scipy.spatial import procrustes as scipy_procrustes
from sklearn.neighbors import NearestNeighbors

from twin_alignment.measures import neighbours
from twin_alignment.measures.geometry import procrustes, representation_angle
from twin_alignment.measures.neighbours import mutual_knn


def pair(n=40, d=5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, x + 0.5 * rng.normal(size=(n, d))


def test_procrustes_is_that_of_scipy():
    x, y = pair()
    *_, disparity = scipy_procrustes(x, y)  # 1 - (nuclear norm of the normalised product)^2
    found = procrustes(torch.from_numpy(x), torch.from_numpy(y))
    assert 1 - found**2 == pytest.approx(disparity, rel=1e-9)


def test_shared_neighbours_are_those_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(neighbours, "CHUNK", 7)
    x, y = pair()
    near = []
    for rows in (x, y):
        search = NearestNeighbors(n_neighbors=4, metric="cosine").fit(rows)
        near.append(search.kneighbors(return_distance=False))
    expected = np.mean([len(set(a) & set(b)) / 4 for a, b in zip(*near, strict=True)])
    assert mutual_knn(torch.from_numpy(x), torch.from_numpy(y), 4) == pytest.approx(expected)
    assert mutual_knn(torch.from_numpy(x), torch.from_numpy(2 * x), 4) == 1.0


def test_more_neighbours_than_rows_are_refused():
    x, y = (torch.from_numpy(rows) for rows in pair(n=8))
    with pytest.raises(ValueError, match="neighbours = 8: expected 1 to 7"):
        mutual_knn(x, y, 8)


def test_the_angle_of_equal_representations_is_zero_and_of_unrelated_ones_right():
    assert representation_angle(1.0) == 0.0
    assert representation_angle(0.0) == pytest.approx(90.0)
    assert representation_angle(0.5) == pytest.approx(60.0)


def test_a_cosine_that_rounding_carried_past_one_is_one_and_another_is_refused():
    assert representation_angle(1.0 + 1e-9) == 0.0
    assert representation_angle(-1.0 - 1e-9) == 180.0
    for wrong in (1.01, float("nan")):
        with pytest.raises(ValueError, match="expected a cosine, at most 1"):
            representation_angle(wrong)
