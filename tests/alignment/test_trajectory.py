import numpy as np
import pytest
import torch

from pipeline.alignment.trajectory import ceiling, trajectory
from tests.alignment import definitions

NAMES = ("cl", "nscl", "ce")
LABELS = {"train": torch.arange(24) % 3, "test": torch.arange(12) % 3}


def features(name, epoch):
    """Twins start equal and go their own ways."""
    start = np.random.default_rng(0)
    own = np.random.default_rng([epoch, *name.encode()])
    return {
        split: torch.from_numpy(start.normal(size=(len(labels), 5)) + epoch * own.normal(size=(len(labels), 5)))
        for split, labels in LABELS.items()
    }


def weights(name, epoch):
    own = np.random.default_rng(list(name.encode()))
    return {"conv.weight": torch.ones(3, 3, dtype=torch.float64) + epoch * torch.from_numpy(own.normal(size=(3, 3)))}


@pytest.fixture(scope="module")
def found():
    return trajectory(NAMES, (0, 2), features, weights, LABELS)


def test_there_is_one_row_per_epoch_split_and_pair(found):
    keys = [(row.epoch, row.split, row.first, row.second) for row in found.alignment]
    pairs = [("cl", "nscl"), ("cl", "ce"), ("nscl", "ce")]
    assert keys == [(e, s, *pair) for e in (0, 2) for s in ("train", "test") for pair in pairs]
    assert [(row.epoch, row.first, row.second) for row in found.weights] == [(e, *p) for e in (0, 2) for p in pairs]
    assert len(found.collapse) == 2 * 2 * 3


def test_each_row_is_the_measures_of_its_features(found):
    for row in found.alignment:
        x, y = (features(name, row.epoch)[row.split].numpy() for name in (row.first, row.second))
        expected = definitions.measures(x, y)
        assert {name: getattr(row, name) for name in expected} == pytest.approx(expected, abs=1e-9)
        assert row.rows == len(x)
        assert row.cka_low <= row.cka <= row.cka_high


def test_at_the_start_nothing_differs_and_later_all_does(found):
    start = [row for row in found.weights if row.epoch == 0]
    assert all((row.weight_gap, row.weight_angle) == (0.0, 0.0) for row in start)
    assert all(row.representation_angle == pytest.approx(0.0, abs=1e-5) for row in start)
    later = [row for row in found.weights if row.epoch == 2]
    assert all(row.weight_gap > 0.1 and row.weight_angle > 1 and row.representation_angle > 1 for row in later)


def test_the_angle_of_representations_is_on_test_images(found):
    on_test = {(r.epoch, r.first, r.second): r.cka for r in found.alignment if r.split == "test"}
    for row in found.weights:
        cka = on_test[row.epoch, row.first, row.second]
        assert np.cos(np.radians(row.representation_angle)) == pytest.approx(cka, abs=1e-9)


def test_the_ceiling_compares_every_pair_of_seeds():
    rows = ceiling([0, 3, 7], (1, 2), lambda seed, epoch: features(str(seed), epoch))
    keys = {(row.epoch, row.split, row.first_seed, row.second_seed) for row in rows}
    assert keys == {(e, s, *pair) for e in (1, 2) for s in ("train", "test") for pair in ((0, 3), (0, 7), (3, 7))}
    row = rows[-1]
    x, y = (features(str(seed), row.epoch)[row.split].numpy() for seed in (row.first_seed, row.second_seed))
    assert row.rsa == pytest.approx(definitions.measures(x, y)["rsa"], abs=1e-10)


def test_a_single_seed_has_no_ceiling():
    assert ceiling([0], (1,), lambda seed, epoch: features("a", epoch)) == []
