import itertools

import numpy as np
import pytest
import torch

from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv


def classes(seed=0, counts=(4, 7, 5, 3), d=6):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([3, 0, 8, 5], counts))
    return rng.normal(size=(len(labels), d)) + labels[:, None], labels


def by_definition(x, y):
    members = {c: x[y == c] for c in np.unique(y)}
    plain, directed = [], []
    for a, b in itertools.permutations(members, 2):
        mean_a, mean_b = members[a].mean(0), members[b].mean(0)
        gap = ((mean_a - mean_b) ** 2).sum()
        variances = [((rows - rows.mean(0)) ** 2).sum(1).mean() for rows in (members[a], members[b])]
        plain.append(sum(variances) / 2 / gap)
        direction = (mean_b - mean_a) / np.sqrt(gap)
        directed.append(np.var(members[a] @ direction) / gap)
    return np.mean(plain), np.mean(directed)


def test_both_are_those_of_the_definition():
    x, y = classes()
    expected = by_definition(x, y)
    rows, labels = torch.from_numpy(x), torch.from_numpy(y)
    assert cdnv(rows, labels) == pytest.approx(expected[0], rel=1e-10)
    assert directional_cdnv(rows, labels) == pytest.approx(expected[1], rel=1e-10)


def test_collapsed_classes_have_none_and_scale_does_not_matter():
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    points = torch.eye(3)[labels]
    assert (cdnv(points, labels), directional_cdnv(points, labels)) == (0.0, 0.0)
    x, y = (torch.from_numpy(part) for part in classes(1))
    assert cdnv(5 * x + 2, y) == pytest.approx(cdnv(x, y), rel=1e-9)
    assert directional_cdnv(5 * x + 2, y) == pytest.approx(directional_cdnv(x, y), rel=1e-9)


def test_spread_across_the_other_classes_counts_only_without_direction():
    x = torch.tensor([[0.0, 1.0], [0.0, -1.0], [4.0, 1.0], [4.0, -1.0]])
    labels = torch.tensor([0, 0, 1, 1])
    assert cdnv(x, labels) == pytest.approx(1 / 16)
    assert directional_cdnv(x, labels) == 0.0


def test_what_has_no_value_is_refused():
    x = torch.rand(6, 2)
    with pytest.raises(ValueError, match="1 classes"):
        cdnv(x, torch.zeros(6, dtype=torch.long))
    with pytest.raises(ValueError, match="same mean"):
        directional_cdnv(torch.tensor([[0.1, 0.7], [0.2, -0.7], [0.2, 0.7], [0.1, -0.7]]), torch.tensor([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="expected"):
        cdnv(x, torch.zeros(5, dtype=torch.long))
    with pytest.raises(ValueError, match="label 4 is not finite"):
        cdnv(x, torch.tensor([0.0, 0.0, 1.0, 1.0, torch.nan, 1.0]))
