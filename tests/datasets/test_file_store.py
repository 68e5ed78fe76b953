"""A store of files holds the pixels of one of arrays, and its finished shards survive an interruption."""

import io
import os
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from image_sets import contents, encoded, noise, prepare_folder, write_folder, write_zip
from PIL import Image

from pipeline.config.base import SettingsError
from pipeline.config.references import PROJECT
from pipeline.datasets import file_store
from pipeline.datasets.images import load_images
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.store import load_store, write_store

RNG = np.random.default_rng(0)
SMOOTH = np.linspace(0, 255, 40 * 56 * 3).reshape(40, 56, 3).astype(np.uint8)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Shards of few images, so that there are several."""
    monkeypatch.setattr(file_store, "IMAGES", 4)


def members(kind="PNG", size=(40, 56, 3), count=9):
    """Images of several shapes, some of which are smaller as they come and some when they are packed."""
    made = {}
    for split in ("train", "test"):
        for label in "ab":
            for number in range(count):
                name = f"{split}/{label}/{number}.{kind.lower()}"
                made[name] = encoded(noise(name, size) if number % 3 == 0 else np.roll(SMOOTH, number, 1), kind)
    return made


def both(tmp_path, tree, **settings):
    """The store as arrays, and as files."""
    for stored in ("arrays", "files"):
        prepare_folder(tree, tmp_path / stored / "toy", stored=stored, **settings)
    return load_store(tmp_path / "arrays" / "toy"), load_store(tmp_path / "files" / "toy")


@pytest.fixture
def tree(tmp_path):
    return write_folder(tmp_path / "tree", members())


@pytest.mark.parametrize(("kind", "size"), [("PNG", None), ("JPEG", 24), ("WEBP", 130), ("BMP", None)])
def test_files_give_the_pixels_of_arrays(tmp_path, kind, size):
    tree = write_zip(tmp_path / "tree.zip", members(kind, (40, 56, 3) if size is None else (50, 41, 3)))
    arrays, files = both(tmp_path, tree, size=size)
    assert arrays.manifest == files.manifest
    for split in ("train", "test"):
        first, second = getattr(arrays, split), getattr(files, split)
        np.testing.assert_array_equal(first.labels, second.labels)
        rows = RNG.permutation(len(first.labels))
        assert second.images.shape == first.images.shape
        np.testing.assert_array_equal(first.images[rows], second.images[rows])


@pytest.mark.parametrize("shape", [(6, 8, 8), (6, 8, 5, 3)])
def test_images_that_come_as_pixels(tmp_path, shape):
    pixels = RNG.integers(0, 256, shape, np.uint8)
    split = SourceSplit(pixels, np.arange(6) % 2)
    write_store(tmp_path / "toy", "toy", SourceImages(("a", "b"), split, split), "files")
    planes = pixels[:, None] if len(shape) == 3 else pixels.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(load_store(tmp_path / "toy").train.images[np.arange(6)], planes)


@pytest.mark.parametrize("size", [None, 16])
def test_each_image_takes_the_smaller_room(tmp_path, size):
    """Noise as JPEG is smaller as it came, a smooth JPEG of many pixels is smaller when it was brought to few."""
    made = members("JPEG")
    came, packed, total = {*made.values()}, 0, 0
    for path in both(tmp_path, write_zip(tmp_path / "tree.zip", made), size=size)[1].path.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                data = archive.read(member)
                packed, total = packed + (data not in came), total + 1
                assert member.compress_type == zipfile.ZIP_STORED
                assert member.filename.endswith(Image.open(io.BytesIO(data)).format.lower())
    assert total == len(made)
    assert packed > 0 if size else packed < total


def test_equal_images_give_equal_bytes_and_nothing_else_is_left(tmp_path, tree):
    first, second = (both(tmp_path / part, tree)[1].path for part in ("one", "two"))
    assert contents(first) == contents(second)
    splits = [
        [f"{split}-{n:05d}.zip" for n in range(5)] + [f"{split}_{k}.npy" for k in ("index", "labels")]
        for split in ("test", "train")
    ]
    assert sorted(contents(first)) == ["manifest.json", *splits[0], *splits[1]]
    assert [path.name for path in first.parent.iterdir()] == ["toy"]


def test_a_subset_is_read_batch_by_batch(tmp_path, tree):
    subset = tmp_path / "subset.json"
    subset.write_text('{"dataset": "toy", "seed": 0, "indices": [0, 1], "names": ["a", "b"]}')
    first, second = (load_images(store.path, subset, torch.device("cpu"))["train"] for store in both(tmp_path, tree))
    for batch, twin in zip(first.batches(5), second.batches(5), strict=True):
        assert torch.equal(batch, twin)
    indices = np.array([7, 0, 7, 3])
    assert all(map(torch.equal, first.take(indices), second.take(indices)))


def test_every_flipped_byte_of_an_image_is_found_when_it_is_read(tmp_path, tree):
    store = both(tmp_path, tree)[1]
    path = store.path / "train-00002.zip"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        places = [(member.header_offset + 30 + len(member.filename), member) for member in archive.infolist()]
    for row, (start, member) in enumerate(places, start=8):
        for at in range(start, start + member.file_size, max(1, member.file_size // 50)):
            data = bytearray(whole)
            data[at] ^= 1 << (at % 8)
            path.write_bytes(bytes(data))
            images = load_store(store.path).train.images
            with pytest.raises(SettingsError, match=rf"train-00002.zip image {row}: not as it was written"):
                images[np.array([row])]
            images[np.delete(np.arange(18), row)]  # all others are read


def test_a_shard_that_was_cut_or_is_missing_is_named(tmp_path, tree):
    store = both(tmp_path, tree)[1]
    for length in (2000, 100, 0):
        os.truncate(store.path / "train-00001.zip", length)
        with pytest.raises(SettingsError, match=r"train-00001.zip image \d: not as it was written"):
            load_store(store.path).train.images[np.arange(18)]
    (store.path / "train-00001.zip").unlink()
    with pytest.raises(SettingsError, match=r"this store is damaged .*; prepare the dataset again"):
        load_store(store.path)


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.datasets import decoding, file_store
from twin_alignment import prefetch
from pipeline.datasets.preparation import prepare
from pipeline.config.dataset_settings import SourceSettings

file_store.IMAGES, decoding.BLOCK = 4, 1
left, plain = int(sys.argv[1]), decoding.decode

def counted(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(*arguments)

decoding.decode, prefetch.cores = counted, lambda: 1
prepare("toy", SourceSettings(source="folder", paths=(sys.argv[2],), stored="files"), Path("none"), Path(sys.argv[3]))
"""
SHAPE = 1  # image that is decoded for the shape


def run(decoded, tree, out):
    command = [sys.executable, "-c", KILLED, str(decoded), str(tree), str(out)]
    return subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True).returncode


@pytest.mark.parametrize(("before", "finished"), [(20, 18), (10, 8)])
def test_finished_shards_of_a_killed_process_are_not_decoded_again(tmp_path, tree, before, finished):
    out = tmp_path / "again" / "toy"
    assert run(SHAPE + before, tree, out) == -signal.SIGKILL
    assert not out.exists()
    assert run(SHAPE + 36 - finished, tree, out) == 0
    assert contents(out) == contents(both(tmp_path, tree)[1].path)
    assert [path.name for path in out.parent.iterdir()] == ["toy"]


@pytest.mark.parametrize("change", ["other image", "fewer images"])
def test_images_that_changed_after_an_interruption_are_written_again(tmp_path, tree, change):
    out = tmp_path / "again" / "toy"
    assert run(SHAPE + 20, tree, out) == -signal.SIGKILL
    if change == "other image":
        write_folder(tree, {"train/a/5.png": members()["train/a/3.png"]})  # of the second shard
    else:
        for image in sorted(tree.glob("train/b/*"))[3:]:
            image.unlink()
    prepare_folder(tree, out, stored="files")
    prepare_folder(tree, tmp_path / "fresh" / "toy", stored="files")
    assert contents(out) == contents(tmp_path / "fresh" / "toy")


def test_arrays_clear_what_files_left(tmp_path, tree):
    out = tmp_path / "again" / "toy"
    assert run(SHAPE + 20, tree, out) == -signal.SIGKILL
    prepare_folder(tree, out)
    assert [path.name for path in out.parent.iterdir()] == ["toy"]
