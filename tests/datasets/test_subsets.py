from dataclasses import asdict

import numpy as np
import pytest

from pipeline.config.base import SettingsError
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.store import Split, load_store, write_store
from pipeline.datasets.subsets import class_sizes, draw_subset, read_subset, select
from pipeline.system.files import write_json

NAMES = tuple(f"class {number}" for number in range(20))


@pytest.mark.parametrize("seed", range(5))
def test_smaller_subsets_lie_in_larger_ones(seed):
    inner = set()
    for classes in range(2, 21):
        subset = draw_subset("toy", NAMES, classes, seed)
        assert len(set(subset.indices)) == classes
        assert list(subset.indices) == sorted(subset.indices)
        assert subset.names == tuple(NAMES[index] for index in subset.indices)
        assert inner < set(subset.indices)
        inner = set(subset.indices)
    assert inner == set(range(20))


def test_every_class_is_drawn_about_equally_often():
    drawn = np.zeros(20)
    for seed in range(1000):
        drawn[list(draw_subset("toy", NAMES, 5, seed).indices)] += 1
    expected, deviation = 250, np.sqrt(1000 * 0.25 * 0.75)
    assert abs(drawn - expected).max() < 4.5 * deviation


def test_draws_depend_on_seed_and_dataset_and_on_nothing_else():
    draws = {draw_subset(dataset, NAMES, 5, seed).indices for dataset in ("toy", "other") for seed in range(5)}
    assert len(draws) == 10  # two equal ones have probability 0.003
    np.random.seed(1)  # noqa: NPY002
    assert draw_subset("toy", NAMES, 5, 3) == draw_subset("toy", NAMES, 5, 3)


@pytest.mark.parametrize("classes", [-1, 0, 1, 21])
def test_a_number_of_classes_that_is_not_there_is_refused(classes):
    with pytest.raises(SettingsError, match=f"classes: expected 2 to 20 for toy, got {classes}"):
        draw_subset("toy", NAMES, classes, 0)


def test_rows_are_those_of_the_classes_and_labels_are_renumbered():
    labels = np.array([4, 0, 2, 2, 5, 4, 1, 0, 5])
    split = Split(np.zeros((9, 1, 2, 2), np.uint8), labels)
    for classes in [(0, 4), (2, 5), (1, 2, 4), (0, 1, 2, 4, 5), (1, 7)]:  # there is no image of class 7
        rows, renumbered = select(split, classes)
        expected = [(row, classes.index(label)) for row, label in enumerate(labels.tolist()) if label in classes]
        assert list(zip(rows.tolist(), renumbered.tolist(), strict=True)) == expected


def test_a_written_subset_is_read_back_and_a_missing_one_named(tmp_path):
    path = tmp_path / "toy" / "classes=3,seed=1.json"
    with pytest.raises(FileNotFoundError, match="missing; `python -m pipeline subset toy/classes=3,seed=1` makes it"):
        read_subset(path)
    subset = draw_subset("toy", NAMES, 3, 1)
    write_json(path, asdict(subset))
    assert read_subset(path) == subset


def test_sizes_of_classes_are_those_of_the_renumbered_training_labels(tmp_path):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(20), np.arange(1, 21)))
    images = SourceSplit(np.zeros((len(labels), 1, 1), np.uint8), labels)
    write_store(tmp_path / "toy", "toy", SourceImages(NAMES, images, images))
    for classes in (2, 7, 20):
        subset = draw_subset("toy", NAMES, classes, 0)
        write_json(tmp_path / "subset.json", asdict(subset))
        _, renumbered = select(load_store(tmp_path / "toy").train, subset.indices)
        assert class_sizes(tmp_path / "toy", tmp_path / "subset.json") == np.bincount(renumbered).tolist()
