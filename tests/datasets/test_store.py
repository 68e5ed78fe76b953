"""Stores of arrays: what is written is read, and what does not fit or is damaged is named."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_sets import contents

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.references import PROJECT
from pipeline.datasets.catalog import KNOWN
from pipeline.datasets.preparation import prepare
from pipeline.datasets.source_images import ImageFiles, SourceImages, SourceSplit
from pipeline.datasets.store import load_store, write_store
from pipeline.system.files import read_json, write_json

RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (7, 4, 6, 3), np.uint8)
TEST = RNG.integers(0, 256, (3, 4, 6, 3), np.uint8)
TRAIN_LABELS, TEST_LABELS = np.array([0, 1, 2, 0, 1, 2, 2]), np.array([2, 0, 0])


def source(train=TRAIN, labels=TRAIN_LABELS, test=TEST, test_labels=TEST_LABELS):
    return SourceImages(
        ("ant", "bee", "cat"), SourceSplit(train, np.array(labels)), SourceSplit(test, np.array(test_labels))
    )


def write(folder, images=None):
    return write_store(folder / "toy", "toy", images or source())


def test_what_was_written_is_read_with_channels_first(tmp_path):
    manifest = write(tmp_path)
    store = load_store(tmp_path / "toy")
    assert store.manifest == manifest
    assert isinstance(store.train.images, np.memmap)
    np.testing.assert_array_equal(store.train.images, np.moveaxis(TRAIN, -1, 1))
    np.testing.assert_array_equal(store.test.images, np.moveaxis(TEST, -1, 1))
    assert store.train.labels.tolist() == TRAIN_LABELS.tolist()
    assert (manifest.counts, manifest.shape) == ({"train": (2, 2, 3), "test": (2, 0, 1)}, (3, 4, 6))
    assert write(tmp_path, source(train=TRAIN[..., 0], test=TEST[..., 0])).shape == (1, 4, 6)
    np.testing.assert_array_equal(load_store(tmp_path / "toy").train.images[:, 0], TRAIN[..., 0])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(0, 255), st.integers(0, 255), st.integers(0, 10**6))
def test_mean_and_deviation_are_those_of_the_training_pixels(tmp_path_factory, channels, count, low, high, seed):
    low, high = sorted((low, high))
    images = np.random.default_rng(seed).integers(low, high + 1, (count, 5, 4, channels), np.uint8)
    split = SourceSplit(images, np.zeros(count, np.int64))
    manifest = write(tmp_path_factory.mktemp("store"), SourceImages(("one",), split, split))
    pixels = images.astype(np.float64) / 255
    for channel in range(channels):
        assert manifest.mean[channel] == pytest.approx(pixels[..., channel].mean(), abs=1e-12)
        assert manifest.std[channel] == pytest.approx(pixels[..., channel].std(), abs=1e-12)


@pytest.mark.parametrize("name", ["digits", "digit_pairs"])
def test_stores_are_byte_identical_when_made_again(tmp_path, name):
    spec = KNOWN[name].model_copy(update={"train_pairs": 300, "test_pairs": 200})
    first = prepare(name, spec, tmp_path, tmp_path / name)
    before = contents(tmp_path / name)
    assert len(before) == 5
    assert prepare(name, spec, tmp_path, tmp_path / name) == first == load_store(tmp_path / name).manifest
    assert contents(tmp_path / name) == before


REFUSED = {
    r"toy train: expected labels 0 to 2, got 3 for image 2": {"labels": [0, 1, 3, 0, 1, 2, 2]},
    r"toy test: expected labels 0 to 2, got -1 for image 1": {"test_labels": [0, -1, 0]},
    r"toy: class 'bee' has no training image": {"labels": [0, 2, 2, 0, 2, 2, 2]},
    r"toy train: expected a label for each image, got 7 for 6": {"train": TRAIN[:6]},
    r"toy test: expected a label for each image, got 0 for 0": {"test": TEST[:0], "test_labels": []},
    r"toy: training and test images differ in shape .*: set `size`": {"test": TEST[..., 0]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_images_that_do_not_fit_are_refused_and_the_old_store_stays(tmp_path, message):
    write(tmp_path)
    before = contents(tmp_path / "toy")
    with pytest.raises(SettingsError, match=message):
        write(tmp_path, source(**REFUSED[message]))
    assert contents(tmp_path / "toy") == before


def test_a_crash_leaves_the_old_store_and_nothing_else(tmp_path):
    def failing(start, stop):
        raise OSError("the disk is gone")

    write(tmp_path)
    before = contents(tmp_path / "toy")
    with pytest.raises(OSError, match="the disk is gone"):
        write(tmp_path, source(train=ImageFiles(failing, "RGB", None)))
    assert contents(tmp_path / "toy") == before
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from pipeline.datasets import pixel_store
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.store import write_store

pixel_store.histogram = lambda pixels: os.kill(os.getpid(), signal.SIGKILL)
split = SourceSplit(np.zeros((9, 4, 4), np.uint8), np.zeros(9, np.int64))
write_store(Path(sys.argv[1]), "toy", SourceImages(("a",), split, split))
"""


def test_a_killed_process_leaves_nothing_that_the_next_does_not_clear(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "toy"], cwd=PROJECT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == [".toy.arrays"]
    write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


DAMAGE = {
    "half a manifest": lambda store: (store / "manifest.json").write_text('{"format": 3'),
    "keys missing": lambda store: (store / "manifest.json").write_text('{"format": 3}'),
    "no manifest": lambda store: (store / "manifest.json").write_text("[]"),
    "no images": lambda store: (store / "train_images.npy").unlink(),
    "half the images": lambda store: os.truncate(store / "train_images.npy", 200),
    "no labels": lambda store: os.truncate(store / "test_labels.npy", 0),
    "fewer labels": lambda store: np.save(store / "test_labels.npy", np.zeros(5, np.int64)),
    "other images": lambda store: np.save(store / "test_images.npy", np.zeros((3, 3, 5, 6), np.uint8)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_store_is_named(tmp_path, name):
    write(tmp_path)
    DAMAGE[name](tmp_path / "toy")
    with pytest.raises(SettingsError, match=r"toy: this store is damaged \(.*\); prepare the dataset again"):
        load_store(tmp_path / "toy")


def test_a_missing_or_foreign_store_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"toy/manifest.json: missing; `python -m pipeline prepare toy`"):
        load_store(tmp_path / "toy")
    write(tmp_path)
    path = tmp_path / "toy" / "manifest.json"
    write_json(path, {**read_json(path), "format": 1})
    with pytest.raises(SettingsError, match="expected format 3, got 1"):
        load_store(tmp_path / "toy")


@pytest.mark.parametrize("settings", [{"classes": 9}, {"classes": 11}, {"size": 32}, {"paths": ("somewhere",)}])
def test_settings_that_do_not_go_with_the_source_are_refused(tmp_path, settings):
    with pytest.raises(
        SettingsError, match=r"toy: (expected \d+ classes, .* got 10|\w+ is for source = (arrays, )?folder, .*)"
    ):
        prepare("toy", SourceSettings(source="digits", **settings), tmp_path, tmp_path / "store")
    assert not (tmp_path / "store").exists()
