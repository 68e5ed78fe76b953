import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.evaluate.movement import TrainingProgress
from pipeline.evaluate.seed_pairs import between_seeds, twins_between_seeds
from pipeline.evaluate.trajectory import Trajectory
from pipeline.stages import measure
from pipeline.stages.measure import MeasureJob
from tests.measures import definitions
from twin_alignment.measures.feature_set import Estimate
from twin_alignment.measures.registry import MEASURES, Measure

NAMES = ("cl", "nscl", "ce")
PROGRESS = {0: TrainingProgress(0, 0.0), 2: TrainingProgress(6, 0.25)}
LABELS = {"train": torch.arange(24) % 3, "test": torch.arange(12) % 3}


def features(name, epoch):
    """Features of twins that start equal and then differ."""
    start = np.random.default_rng(0)
    own = np.random.default_rng([epoch, *name.encode()])
    return {
        split: torch.from_numpy(start.normal(size=(len(labels), 5)) + epoch * own.normal(size=(len(labels), 5)))
        for split, labels in LABELS.items()
    }


def weights(name, epoch):
    own = np.random.default_rng(list(name.encode()))
    return {"conv.weight": torch.ones(3, 3, dtype=torch.float64) + epoch * torch.from_numpy(own.normal(size=(3, 3)))}


def trajectory(names, progress, features_of=features, weights_of=weights):
    tables = Trajectory(LABELS)
    for epoch, so_far in progress.items():
        loaded = ({name: load(name, epoch) for name in names} for load in (features_of, weights_of))
        tables.add_epoch(epoch, so_far, *loaded)
    return tables


@pytest.fixture(scope="module")
def found():
    return trajectory(NAMES, PROGRESS)


def test_there_is_one_row_per_epoch_split_pair_and_measure(found):
    keys = [(row.epoch, row.split, row.first, row.second, row.measure) for row in found.alignment]
    pairs = [("cl", "nscl"), ("cl", "ce"), ("nscl", "ce")]
    assert keys == [(e, s, *pair, m) for e in (0, 2) for s in ("train", "test") for pair in pairs for m in MEASURES]
    assert [(row.epoch, row.first, row.second) for row in found.weights] == [(e, *p) for e in (0, 2) for p in pairs]
    assert len(found.collapse) == 2 * 2 * 3


def test_each_row_is_the_measure_of_its_features(found):
    for row in found.alignment:
        x, y = (features(name, row.epoch)[row.split].numpy() for name in (row.first, row.second))
        assert row.rows == len(x)
        expected = definitions.measures(x, y)
        if row.measure in expected:
            assert row.value == pytest.approx(expected[row.measure], abs=1e-9)
            assert row.low <= row.value <= row.high
        else:  # distances have neither interval nor null
            assert np.isnan([row.low, row.high, row.null]).all()


def test_at_the_start_nothing_differs_and_later_all_does(found):
    start = [row for row in found.weights if row.epoch == 0]
    assert all((row.weight_gap, row.weight_gap_released, row.weight_angle) == (0.0, 0.0, 0.0) for row in start)
    assert all(row.representation_angle == pytest.approx(0.0, abs=1e-5) for row in start)
    later = [row for row in found.weights if row.epoch == 2]
    assert all(row.weight_gap > 0.1 and row.weight_angle > 1 and row.representation_angle > 1 for row in later)


def test_the_angle_of_representations_is_on_test_images(found):
    on_test = {
        (r.epoch, r.first, r.second): r.value for r in found.alignment if (r.split, r.measure) == ("test", "cka")
    }
    for row in found.weights:
        cka = on_test[row.epoch, row.first, row.second]
        assert np.cos(np.radians(row.representation_angle)) == pytest.approx(cka, abs=1e-9)


def test_each_twin_moves_from_its_own_start(found):
    assert [(row.epoch, row.objective) for row in found.movement] == [(e, name) for e in (0, 2) for name in NAMES]
    for row in found.movement:
        assert (row.steps, row.path_length) == ((0, 0.0) if row.epoch == 0 else (6, 0.25))
        x, y = (features(row.objective, epoch)["test"].numpy() for epoch in (0, row.epoch))
        expected = definitions.measures(x, y)
        assert row.cka == pytest.approx(expected["cka"], abs=1e-10)
        assert row.rsa == pytest.approx(expected["rsa"], abs=1e-10)
        before, now = (weights(row.objective, epoch)["conv.weight"].numpy() for epoch in (0, row.epoch))
        assert row.displacement == pytest.approx(np.linalg.norm(now - before) / np.linalg.norm(before), rel=1e-12)
        cosine = (now * before).sum() / np.linalg.norm(now) / np.linalg.norm(before)
        assert np.cos(np.radians(row.weight_angle)) == pytest.approx(cosine, abs=1e-9)


def test_a_twin_with_another_start_is_compared_with_its_start():
    moved = {"cl": 0.0, "ce": 1.0}

    def weights_of(name, epoch):
        return {"w": torch.eye(2) * (1.0 if name == "cl" else 5.0) * (1.0 + epoch * moved[name])}

    found = trajectory(("cl", "ce"), PROGRESS, weights_of=weights_of)
    later = {row.objective: row.displacement for row in found.movement if row.epoch == 2}
    assert later == {"cl": 0.0, "ce": pytest.approx(2.0)}


def test_between_seeds_every_pair_is_compared():
    rows = between_seeds([0, 3, 7], (1, 2), lambda seed, epoch: features(str(seed), epoch))
    pairs = ((0, 3), (0, 7), (3, 7))
    expected = [(e, s, *p, m) for e in (1, 2) for s in ("train", "test") for p in pairs for m in ("cka", "rsa")]
    assert [(r.epoch, r.split, r.first_seed, r.second_seed, r.measure) for r in rows] == expected
    for row in rows:
        x, y = (features(str(seed), row.epoch)[row.split].numpy() for seed in (row.first_seed, row.second_seed))
        assert row.value == pytest.approx(definitions.measures(x, y)[row.measure], abs=1e-10)


def seed_features(seed, name):
    return features(f"{name} {seed}", 1)


def test_twins_are_compared_with_cl_of_every_other_seed_and_with_themselves():
    rows = twins_between_seeds([0, 3, 7], ("nscl", "ce"), 1, seed_features)
    ordered, unordered = ((0, 3), (0, 7), (3, 0), (3, 7), (7, 0), (7, 3)), ((0, 3), (0, 7), (3, 7))
    keys = [
        (twin, split, first, *pair, measure)
        for twin in ("nscl", "ce")
        for split in ("train", "test")
        for first, pairs in (("cl", ordered), (twin, unordered))
        for pair in pairs
        for measure in ("cka", "rsa")
    ]
    assert [(r.second, r.split, r.first, r.first_seed, r.second_seed, r.measure) for r in rows] == keys
    assert {row.epoch for row in rows} == {1}
    for row in rows:
        x = seed_features(row.first_seed, row.first)[row.split].numpy()
        y = seed_features(row.second_seed, row.second)[row.split].numpy()
        assert row.value == pytest.approx(definitions.measures(x, y)[row.measure], abs=1e-10)


def test_a_single_seed_is_compared_with_none():
    embedded = []
    assert twins_between_seeds([0], ("nscl",), 1, lambda *network: embedded.append(network)) == []
    assert embedded == []
    assert between_seeds([0], (1,), lambda seed, epoch: features("a", epoch)) == []


def same_means(rows, labels):
    """Two classes with the rows of one."""
    rows = rows.clone()
    rows[labels == 1] = rows[labels == 0]
    return rows


COLLAPSES = {
    "constant": lambda rows, labels: torch.ones_like(rows),
    "zero": lambda rows, labels: torch.zeros_like(rows),
    "a zero row": lambda rows, labels: torch.where(torch.arange(len(rows))[:, None] == 3, 0.0, rows),
    "one direction": lambda rows, labels: torch.linspace(1, 2, len(rows))[:, None] * torch.tensor([0.1, 0.2, 0.3]),
    "rounding": lambda rows, labels: (0.1 + 1e-9 * rows).float(),
    "two classes of one mean": same_means,
}


@pytest.mark.parametrize("at", [0, 2, 4])
@pytest.mark.parametrize("how", COLLAPSES)
def test_a_collapsed_network_has_no_similarity_at_that_epoch_and_stops_nothing(how, at):
    def features_of(name, epoch):
        rows = features(name, epoch)
        collapsed = (name, epoch) == ("ce", at)
        return {s: COLLAPSES[how](own, LABELS[s]) if collapsed else own for s, own in rows.items()}

    epochs = (0, 2, 4)
    progress = dict.fromkeys(epochs, TrainingProgress(0, 0.0))
    found, usual = trajectory(NAMES, progress, features_of), trajectory(NAMES, progress)
    for kind in ("alignment", "weights", "collapse", "movement"):
        assert len(getattr(found, kind)) == len(getattr(usual, kind))
    for row, without in zip(found.alignment, usual.alignment, strict=True):
        lost = "ce" in (row.first, row.second) and row.epoch == at
        assert np.isnan([row.value, row.low, row.high, row.null]).all() if lost else repr(row) == repr(without)
    for row, without in zip(found.weights, usual.weights, strict=True):
        lost = "ce" in (row.first, row.second) and row.epoch == at
        assert np.isnan(row.representation_angle) if lost else row == without
        assert row.weight_angle == without.weight_angle
    assert {(row.objective, row.epoch) for row in found.movement if row.collapsed} == {("ce", at)}
    assert {(row.objective, row.epoch) for row in found.collapse if np.isnan(row.cdnv)} == {("ce", at)}
    unknown = {(row.objective, row.epoch) for row in found.movement if np.isnan(row.cka)}
    assert unknown == {("ce", epoch) for epoch in epochs if at in (0, epoch)}


@pytest.mark.parametrize("how", [how for how in COLLAPSES if how != "two classes of one mean"])
def test_between_seeds_a_collapsed_network_has_no_similarity(how):
    def features_of(seed, epoch):
        rows = features(str(seed), epoch)
        return {s: COLLAPSES[how](own, LABELS[s]) for s, own in rows.items()} if seed == 3 else rows

    rows = between_seeds([0, 3, 7], (1,), features_of)
    assert len(rows) == 2 * 3 * 2
    assert all(np.isnan(row.value) == (3 in (row.first_seed, row.second_seed)) for row in rows)


def test_a_collapsed_twin_has_no_similarity_to_another_seed():
    def features_of(seed, name):
        rows = seed_features(seed, name)
        return {s: torch.ones_like(own) for s, own in rows.items()} if (seed, name) == (3, "ce") else rows

    for row in twins_between_seeds([0, 3, 7], ("nscl", "ce"), 1, features_of):
        sides = {(row.first_seed, row.first), (row.second_seed, row.second)}
        assert np.isnan(row.value) == ((3, "ce") in sides)


def mean_distance(pair):
    return Estimate(float((pair.first.features - pair.second.features).norm(dim=1).mean()), low=0.0)


def test_a_custom_measure_is_one_entry(monkeypatch):
    mine = Measure("mine", "Mine", "mean distance", f"{__name__}:mean_distance", drawn=True)
    monkeypatch.setitem(MEASURES, "mine", mine)
    rates = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    steps = [(e, s, name, rates[2 * e + s - 3]) for e in (1, 2, 3) for s in (1, 2) for name in NAMES]
    run = Run(dataset="digits", trust_coefficient=0.5)
    job = MeasureJob(run=run, objectives=NAMES, checkpoints=(0, 2), size=None, probes=ProbeSettings())
    rows = pd.DataFrame(steps, columns=["epoch", "step", "objective", "learning_rate"])
    found = trajectory(NAMES, measure.training_progress(job, rows))
    movement = pd.DataFrame(found.movement)
    columns = ["epoch", "steps", "path_length", "objective", "displacement", "weight_angle", "cka", "rsa", "collapsed"]
    assert list(movement) == columns
    for epoch, count, length in ((0, 0, 0.0), (2, 4, 0.5 * (0.1 + 0.2 + 0.3 + 0.4))):
        own = movement[movement["epoch"] == epoch]
        assert list(own["objective"]) == list(NAMES)
        assert (own["steps"] == count).all()
        assert own["path_length"].tolist() == pytest.approx([length] * 3)
    table = pd.DataFrame(found.alignment).query("measure == 'mine' and epoch == 2")
    assert len(table) == 3 * 2
    row = table.query("split == 'test' and second == 'ce'").iloc[0]
    x, y = (features(name, 2)["test"] for name in (row["first"], "ce"))
    assert (row["value"], row["low"]) == (pytest.approx((x - y).norm(dim=1).mean().item()), 0.0)
    assert np.isnan(row["null"])
    between = between_seeds([0, 1], (1,), lambda seed, epoch: features(str(seed), epoch))
    assert [r.measure for r in between] == ["cka", "rsa", "mine"] * 2
