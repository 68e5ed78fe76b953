"""Twins that read groups of classes, or of images, in place of the classes."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import GroupedObjective, LabelGroups
from pipeline.config.objectives import resolve
from pipeline.train.checkpoints import load_checkpoint
from pipeline.train.grouped_labels import count_groups, group_labels
from pipeline.train.stream import Stream
from pipeline.train.twin_trainer import TwinTrainer
from pipeline.train.twin_training import train_twins
from twin_alignment.losses.contrastive import same_class_mass

CLASSES = (1, 4, 5, 8)  # of the ten digits: those of the images


def grouped(labels, objective="nscl", name=""):
    return resolve(GroupedObjective(objective=objective, labels=labels, name=name))


def mapped(*groups, objective="nscl", name="mapped"):
    """An objective by a map of the nine classes that the images' labels count to; the last stands for the rest."""
    of_class = dict(zip(CLASSES, groups, strict=True))
    rows = tuple((str(index), of_class.get(index, groups[-1])) for index in range(9))
    return resolve(objective).model_copy(update={"name": name, "groups": LabelGroups(kind="map", classes=rows)})


def trained(run, objectives, images, recipe, folder):
    return train_twins(run, objectives, [run.epochs], images, recipe, folder, folder.with_name(f"{folder.name}.pt"))


def equal(folder, first, second, epoch):
    a, b = (load_checkpoint(folder, name, epoch) for name in (first, second))
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_map_gives_every_image_the_group_of_its_class(images):
    groups = mapped("even", "even", "odd", "rest").groups
    found = group_labels(groups, 0, images)
    assert found[images.labels == 0].unique() == found[images.labels == 1].unique()
    assert len({int(found[images.labels == label][0]) for label in range(4)}) == 3
    assert count_groups(groups, 0, images) == 3


def test_random_groups_of_classes_are_of_equal_size_nested_and_drawn_by_the_seed(images):
    def of_classes(kind, seed, count=0):
        found = group_labels(LabelGroups(kind=kind, count=count), seed, images)
        assert all(len(found[images.labels == label].unique()) == 1 for label in range(4))
        return tuple(int(found[images.labels == label][0]) for label in range(4))

    for seed in range(4):
        two = of_classes("random", seed, 2)
        assert sorted(two) == [0, 0, 1, 1]
        assert sorted(of_classes("random", seed, 4)) == [0, 1, 2, 3]
        half = of_classes("random_half", seed)
        assert sorted(np.bincount(half)) == [1, 1, 2]
        (pair,) = (group for group in range(3) if half.count(group) == 2)
        assert len({two[label] for label in range(4) if half[label] == pair}) == 1
    assert len({of_classes("random", seed, 2) for seed in range(20)}) > 2


def test_random_groups_of_images_are_of_equal_size_and_say_nothing_of_classes(images):
    found = group_labels(LabelGroups(kind="random_images", count=5), 0, images)
    assert sorted(found.bincount().tolist()) == [31, 32, 32, 32, 32]
    for label in range(4):
        assert len(found[images.labels == label].unique()) == 5
    assert not torch.equal(found, group_labels(LabelGroups(kind="random_images", count=5), 1, images))
    assert torch.equal(found, group_labels(LabelGroups(kind="random_images", count=5), 0, images))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (mapped("x", "x", "x", "x").groups, "expected two groups at least among the run's 4 classes, got one"),
        (LabelGroups(kind="map", classes=(("0", "x"),)), "expected a group for every class, got none for '1'"),
        (LabelGroups(kind="random", count=5), "expected at most 4 groups, got 5"),
        (LabelGroups(kind="random_images", count=10_000), "expected at most 159 groups, got 10000"),
    ],
)
def test_groups_that_do_not_fit_the_images_are_refused_before_training(groups, message, small_run, images, recipe):
    objective = resolve("nscl").model_copy(update={"name": "mine", "groups": groups})
    with pytest.raises(SettingsError, match=message):
        TwinTrainer(small_run, [objective], images, recipe)


def test_the_stream_shows_groups_beside_labels_and_keeps_one_step_for_all(small_run, images, recipe):
    objectives = [resolve("nscl"), resolve("nscl_shuffled"), grouped("random/2"), grouped("random_images/3")]
    step = next(Stream(small_run, images, recipe, objectives).epoch(1))
    assert step["nscl"] is step["nscl_random_2"] is step["nscl_random_images_3"]
    batch = step["nscl"].to(torch.device("cpu"))
    assert torch.equal(batch.labels_for(objectives[0]), batch.labels)
    assert torch.equal(batch.labels_for(objectives[1]), batch.shuffled)
    two = batch.labels_for(objectives[2])
    assert set(two.tolist()) == {0, 1}
    assert all(len(two[batch.labels == label].unique()) == 1 for label in range(4))
    assert set(batch.labels_for(objectives[3]).tolist()) == {0, 1, 2}


def test_groups_of_single_classes_train_as_the_classes_do(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 1})
    objectives = [resolve("nscl"), mapped(*"abcd", name="same"), mapped(*"aabb", name="two"), grouped("random/4")]
    trained(run, objectives, images, recipe, tmp_path / "run")
    assert equal(tmp_path / "run", "nscl", "same", 1)
    assert equal(tmp_path / "run", "nscl", "nscl_random_4", 1)
    assert not equal(tmp_path / "run", "nscl", "two", 1)


@pytest.mark.parametrize("objective", ["nscl", "scl", "ce", "nscl_partial_50"])
def test_every_objective_that_reads_labels_can_read_groups(objective, small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 1})
    twins = [resolve(objective), mapped(*"aabb", objective=objective, name="two")]
    found = trained(run, twins, images, recipe, tmp_path / "run")
    first = {row.objective: row.loss for row in found.steps if row.step == 1}
    assert first["two"] != first[objective]
    classifier = load_checkpoint(tmp_path / "run", "two", 1).get("classifier.weight")
    assert (classifier is None) == (objective != "ce")
    assert classifier is None or len(classifier) == 2  # as many logits as groups


def test_a_twin_with_groups_records_the_mass_by_its_groups_and_others_as_before(small_run, images, recipe):
    objectives = [resolve("cl"), resolve("nscl"), mapped(*"aabb"), mapped(*"aabb", objective="ce", name="logits")]
    training = TwinTrainer(small_run, objectives, images, recipe)
    batch = next(Stream(small_run, images, recipe, objectives).epoch(1))["cl"]
    with torch.no_grad():
        z1, z2 = (training.twins[2].network(view) for view in (batch.view1, batch.view2))
    by_groups, by_classes = (
        float(same_class_mass(z1, z2, labels, small_run.temperature).mean())
        for labels in (batch.groups["mapped"], batch.labels)
    )
    next(training.steps())
    mass = {row.objective: row.mean_mass for row in training.all_rows()}
    assert mass["mapped"] == pytest.approx(by_groups, rel=1e-5)
    assert mass["cl"] == pytest.approx(by_classes, rel=1e-5)  # one start, one batch: CL's is by the classes
    assert by_groups > by_classes + 0.05
    assert np.isnan(mass["nscl"])
    assert np.isnan(mass["logits"])


def test_a_run_with_groups_goes_on_to_the_bit(small_run, images, recipe):
    objectives = [resolve("cl"), grouped("random/2")]
    whole, half = (TwinTrainer(small_run, objectives, images, recipe) for _ in range(2))
    for epoch, step in whole.steps():
        if (epoch, step) == (2, 2):
            half.restore(deepcopy(whole.state()))
    for _ in half.steps():
        pass
    assert list(map(repr, half.rows)) == list(map(repr, whole.rows))
