import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.base import SettingsError
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.store import load_store, write_store
from pipeline.system.files import read_json, write_json

RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (7, 4, 6, 3), np.uint8)
TEST = RNG.integers(0, 256, (3, 4, 6, 3), np.uint8)
TRAIN_LABELS = [0, 1, 2, 0, 1, 2, 2]
TEST_LABELS = [2, 0, 0]


def split(images, labels, count=None):
    return SourceSplit(len(images) if count is None else count, list(zip(images, labels, strict=True)))


def source(**changes):
    values = {"train": split(TRAIN, TRAIN_LABELS), "test": split(TEST, TEST_LABELS)}
    return SourceImages(("ant", "bee", "cat"), **{**values, **changes})


def write(folder, images=None):
    return write_store(folder / "toy", "toy", images or source())


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_written_is_read_with_channels_first(tmp_path):
    manifest = write(tmp_path)
    store = load_store(tmp_path / "toy")
    assert store.manifest == manifest
    assert isinstance(store.train.images, np.memmap)
    np.testing.assert_array_equal(store.train.images, np.moveaxis(TRAIN, -1, 1))
    np.testing.assert_array_equal(store.test.images, np.moveaxis(TEST, -1, 1))
    assert store.train.labels.tolist() == TRAIN_LABELS
    assert store.test.labels.tolist() == TEST_LABELS
    assert manifest.counts == {"train": (2, 2, 3), "test": (2, 0, 1)}
    assert manifest.shape == (3, 4, 6)


def test_greyscale_images_have_one_channel(tmp_path):
    grey = source(train=split(TRAIN[..., 0], TRAIN_LABELS), test=split(TEST[..., 0], TEST_LABELS))
    assert write(tmp_path, grey).shape == (1, 4, 6)
    np.testing.assert_array_equal(load_store(tmp_path / "toy").train.images[:, 0], TRAIN[..., 0])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(0, 255), st.integers(0, 255), st.integers(0, 10**6))
def test_mean_and_deviation_are_those_of_the_training_pixels(tmp_path_factory, channels, count, low, high, seed):
    low, high = sorted((low, high))
    images = np.random.default_rng(seed).integers(low, high + 1, (count, 5, 4, channels), np.uint8)
    manifest = write(
        tmp_path_factory.mktemp("store"),
        SourceImages(("one",), split(images, [0] * count), split(images[:1], [0])),
    )
    pixels = images.astype(np.float64) / 255
    for channel in range(channels):
        assert manifest.mean[channel] == pytest.approx(pixels[..., channel].mean(), abs=1e-12)
        assert manifest.std[channel] == pytest.approx(pixels[..., channel].std(), abs=1e-12)


def test_equal_images_give_equal_bytes(tmp_path):
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    write(tmp_path / "a")  # again, over the old one
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def failing():
    yield TRAIN[0], 0
    raise OSError("the disk is gone")


REFUSED = {
    "toy: train image 2 has label 3, allowed is 0 to 2": {"train": split(TRAIN, [0, 1, 3, 0, 1, 2, 2])},
    "toy: test image 1 has label -1, allowed is 0 to 2": {"test": split(TEST, [0, -1, 0])},
    "toy: class 'bee' has no training image": {"train": split(TRAIN, [0, 2, 2, 0, 2, 2, 2])},
    "toy: the train split has 7 images, 8 expected": {"train": split(TRAIN, TRAIN_LABELS, count=8)},
    "toy: the train split has more than the 6 images expected": {"train": split(TRAIN, TRAIN_LABELS, count=6)},
    "toy: the test split has 0 images, at least 1 expected": {"test": split([], [])},
    r"toy: test image 1 is \(3, 5, 6\)": {"test": split([TEST[0], np.zeros((5, 6, 3), np.uint8)], [0, 1])},
    r"toy: test image 0 is \(1, 4, 6\)": {"test": split(TEST[..., 0], TEST_LABELS)},
}


@pytest.mark.parametrize("message", REFUSED)
def test_images_that_do_not_fit_are_refused_and_the_old_store_stays(tmp_path, message):
    write(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(SettingsError, match=message):
        write(tmp_path, source(**REFUSED[message]))
    assert contents(tmp_path) == before


def test_a_crash_leaves_the_old_store_and_nothing_else(tmp_path):
    write(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(OSError, match="the disk is gone"):
        write(tmp_path, source(train=SourceSplit(7, failing())))
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


def test_a_missing_or_foreign_store_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"toy/manifest.json: not there; `python -m pipeline prepare toy`"):
        load_store(tmp_path / "toy")
    write(tmp_path)
    path = tmp_path / "toy" / "manifest.json"
    write_json(path, {**read_json(path), "format": 1})
    with pytest.raises(SettingsError, match="format 1, allowed is 3"):
        load_store(tmp_path / "toy")
