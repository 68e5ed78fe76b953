"""Simulated seeds: a geometry that an objective's networks have in common, with noise that is independent by seed."""

import itertools
import math

import numpy as np
import pytest

from twin_alignment.measures.disattenuation import disattenuated

SEEDS, ROWS = range(4), 2000  # CKA of unrelated rows is of the order 1 / ROWS
PARTS = 4  # dimensions of the common geometry's parts


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def networks(rng, parts):
    """Features of every seed: unit rows of a common geometry, and next to them as much noise in two dimensions."""
    common = np.hstack(parts) / math.sqrt(len(parts))
    return [np.hstack([common, unit(rng.normal(size=(ROWS, 2)))]) for _ in SEEDS]


def cka(x, y):
    x, y = (rows - rows.mean(axis=0) for rows in (x, y))  # all rows have one length
    return np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)


@pytest.fixture(scope="module")
def simulated():
    """CKA across and within two objectives that have all, half or nothing of their geometry in common."""
    rng = np.random.default_rng(0)
    both, first, second, third = (unit(rng.normal(size=(ROWS, PARTS))) for _ in range(4))
    a = networks(rng, [both, first])
    groups = {
        1.0: networks(rng, [both, first]),
        0.5: networks(rng, [both, second]),
        0.0: networks(rng, [third, second]),
    }
    within_a = [cka(x, y) for x, y in itertools.combinations(a, 2)]
    return {
        share: (
            [cka(a[i], b[j]) for i, j in itertools.permutations(SEEDS, 2)],
            within_a,
            [cka(x, y) for x, y in itertools.combinations(b, 2)],
        )
        for share, b in groups.items()
    }


@pytest.mark.parametrize("share", [1.0, 0.5, 0.0])
def test_noise_of_seeds_cancels(simulated, share):
    """Kernels of independent parts of one size are orthogonal once centred: CKA is the share in common."""
    cross, first, second = simulated[share]
    assert np.mean(cross) < 0.3
    assert disattenuated(cross, first, second) == pytest.approx(share, abs=0.03)


def test_it_is_the_ratio_of_sums_over_pairs(simulated):
    cross, first, second = simulated[0.5]
    total = {"cross": 0.0, "first": 0.0, "second": 0.0}
    for i, pairs in (("cross", cross), ("first", first), ("second", second)):
        for value in pairs:
            total[i] += value / len(pairs)
    expected = total["cross"] / (total["first"] ** 0.5 * total["second"] ** 0.5)
    assert disattenuated(cross, first, second) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0.25, 1.0), (1.0, 0.5), (0.3, 0.7)])
def test_more_noise_in_either_group_changes_nothing(simulated, a, b):
    """Reliabilities a and b of the two groups lower the similarity across them by their geometric mean."""
    cross, first, second = simulated[0.5]
    noisy = [[factor * v for v in values] for factor, values in ((math.sqrt(a * b), cross), (a, first), (b, second))]
    assert disattenuated(*noisy) == pytest.approx(disattenuated(cross, first, second), rel=1e-12)


def test_it_can_exceed_one():
    assert disattenuated([0.6], [0.5], [0.5]) == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        (([], [0.5], []), "cross and second: expected similarities of at least one pair, got none"),
        (([0.5], [0.1, -0.1], [0.5]), "first: expected similarities with a mean above 0, got 0"),
        (([0.5], [0.5], [-0.2]), "second: expected similarities with a mean above 0, got -0.2"),
    ],
)
def test_groups_without_similarity_are_refused(sides, message):
    with pytest.raises(ValueError, match=message):
        disattenuated(*sides)
