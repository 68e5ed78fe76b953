"""A store of files holds what one of arrays holds, bit by bit, and is written in pieces that are not lost."""

import io
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from image_sets import encoded, noise, write_folder, write_zip
from PIL import Image

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.references import PROJECT
from pipeline.datasets import shards
from pipeline.datasets.images import load_images
from pipeline.datasets.preparation import prepare
from pipeline.datasets.shards import Shards
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.store import load_store, write_store

RNG = np.random.default_rng(0)
SMOOTH = np.linspace(0, 255, 40 * 56 * 3).reshape(40, 56, 3).astype(np.uint8)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Shards of few images, so that there are several."""
    monkeypatch.setattr(shards, "IMAGES", 4)


def members(kind, size, count=9):
    """Of a tree: images of several shapes, some of which are smaller as they come and some when they are packed."""
    made = {}
    for split in ("train", "test"):
        for label in "ab":
            for number in range(count):
                name = f"{split}/{label}/{number}.{kind.lower()}"
                pixels = noise(name, size) if number % 3 == 0 else np.roll(SMOOTH, number, 1)
                made[name] = encoded(pixels, kind)
    return made


def both(tmp_path, tree, **settings):
    """The store as arrays, and as files."""
    found = []
    for stored in ("arrays", "files"):
        spec = SourceSettings(source="folder", paths=(str(tree),), stored=stored, **settings)
        prepare("toy", spec, tmp_path / "none", tmp_path / stored / "toy")
        found.append(load_store(tmp_path / stored / "toy"))
    return found


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
@pytest.mark.parametrize("size", [None, 24, 130])
def test_files_give_the_pixels_of_arrays(tmp_path, kind, size):
    tree = write_zip(tmp_path / "tree.zip", members(kind, (40, 56, 3) if size is None else (50, 41, 3)))
    arrays, files = both(tmp_path, tree, size=size)
    assert arrays.manifest == files.manifest
    assert isinstance(files.train.images, Shards)
    for split in ("train", "test"):
        one, other = getattr(arrays, split), getattr(files, split)
        np.testing.assert_array_equal(one.labels, other.labels)
        rows = RNG.permutation(len(one.labels))
        assert other.images.shape == one.images.shape
        np.testing.assert_array_equal(one.images[rows], other.images[rows])
        np.testing.assert_array_equal(one.images[rows[:1]], other.images[rows[:1]])


def test_grey_images_and_images_that_come_as_pixels(tmp_path):
    grey = RNG.integers(0, 256, (6, 8, 8), np.uint8)
    colour = RNG.integers(0, 256, (6, 8, 5, 3), np.uint8)
    for name, pixels in (("grey", grey), ("colour", colour)):
        split = SourceSplit(6, [(image, row % 2) for row, image in enumerate(pixels)])
        write_store(tmp_path / name, name, SourceImages(("a", "b"), split, split), "files")
        planes = pixels[:, None] if name == "grey" else pixels.transpose(0, 3, 1, 2)
        np.testing.assert_array_equal(load_store(tmp_path / name).train.images[np.arange(6)], planes)


def test_each_image_takes_the_smaller_room(tmp_path):
    """Noise as JPEG is smaller as it came, a smooth JPEG of many pixels is smaller when it was brought to few."""
    tree = write_zip(tmp_path / "tree.zip", members("JPEG", (60, 60, 3)))
    came = {data for name, data in members("JPEG", (60, 60, 3)).items() if name.startswith("train")}
    _, store = both(tmp_path, tree, size=16)
    kept = packed = 0
    for path in store.path.glob("train-*.zip"):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                data = archive.read(member)
                kept += data in came
                packed += data not in came
                assert member.compress_type == zipfile.ZIP_STORED
                assert member.filename.endswith(Image.open(io.BytesIO(data)).format.lower())
    assert kept + packed == 18
    assert packed


def test_what_came_small_stays_as_it_came(tmp_path):
    tree = write_zip(tmp_path / "tree.zip", members("JPEG", (40, 56, 3)))
    _, store = both(tmp_path, tree)
    with zipfile.ZipFile(store.path / "train-00000.zip") as archive:
        assert archive.read(archive.infolist()[0]) == members("JPEG", (40, 56, 3))["train/a/0.jpeg"]


def test_equal_images_give_equal_bytes_and_nothing_else_is_left(tmp_path):
    tree = write_folder(tmp_path / "tree", members("PNG", (40, 56, 3)))
    both(tmp_path / "one", tree)
    both(tmp_path / "two", tree)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / part / "files" / "toy").iterdir()}
        for part in ("one", "two")
    )
    assert one == two
    assert sorted(one) == [
        "manifest.json",
        *(f"test-{number:05d}.zip" for number in range(5)),
        "test_index.npy",
        "test_labels.npy",
        *(f"train-{number:05d}.zip" for number in range(5)),
        "train_index.npy",
        "train_labels.npy",
    ]
    assert [path.name for path in (tmp_path / "one" / "files").iterdir()] == ["toy"]


def test_a_subset_is_read_batch_by_batch(tmp_path):
    tree = write_zip(tmp_path / "tree.zip", members("PNG", (40, 56, 3)))
    arrays, files = both(tmp_path, tree)
    subset = tmp_path / "subset.json"
    subset.write_text('{"dataset": "toy", "seed": 0, "indices": [0, 1], "names": ["a", "b"]}')
    one, other = (load_images(store.path, subset, torch.device("cpu"))["train"] for store in (arrays, files))
    for batch, same in zip(one.batches(5), other.batches(5), strict=True):
        assert torch.equal(batch, same)
    indices = np.array([7, 0, 7, 3])
    assert all(map(torch.equal, one.take(indices), other.take(indices)))


# -- damage -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    return both(tmp_path, write_folder(tmp_path / "tree", members("PNG", (40, 56, 3))))[1]


def test_every_flipped_byte_of_an_image_is_found_when_it_is_read(store):
    path = store.path / "train-00002.zip"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        places = [(member.header_offset + 30 + len(member.filename), member) for member in archive.infolist()]
    for number, (start, member) in enumerate(places):
        for at in range(start, start + member.file_size, max(1, member.file_size // 50)):
            data = bytearray(whole)
            data[at] ^= 1 << (at % 8)
            path.write_bytes(bytes(data))
            images = load_store(store.path).train.images
            row = 8 + number
            with pytest.raises(SettingsError, match=rf"train-00002.zip image {row}: not as it was written"):
                images[np.array([row])]
            images[np.delete(np.arange(18), row)]  # all others are read


@pytest.mark.parametrize("keep", [0, 100, 2000])
def test_a_shard_that_was_cut_is_named(store, keep):
    os.truncate(store.path / "train-00001.zip", keep)
    with pytest.raises(SettingsError, match=r"train-00001.zip image \d: not as it was written"):
        load_store(store.path).train.images[np.arange(18)]


@pytest.mark.parametrize("file", ["train-00001.zip", "test_index.npy"])
def test_a_missing_file_is_a_damaged_store(store, file):
    (store.path / file).unlink()
    with pytest.raises(SettingsError, match=r"this store is damaged .*; prepare the dataset again"):
        load_store(store.path)


# -- stopping ---------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.datasets import decode, shards
from pipeline.datasets.preparation import prepare
from pipeline.config.dataset_settings import SourceSettings

shards.IMAGES = 4
left = int(sys.argv[1])
plain = decode.decode

def counted(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(*arguments)

decode.decode = counted
decode.cores = lambda: 1
spec = SourceSettings(source="folder", paths=(sys.argv[2],), stored="files")
prepare("toy", spec, Path("none"), Path(sys.argv[3]))
"""


def run(decoded, tree, out):
    command = [sys.executable, "-c", KILLED, str(decoded), str(tree), str(out)]
    return subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)


def test_finished_shards_of_a_killed_process_are_not_decoded_again(tmp_path):
    tree = write_folder(tmp_path / "tree", members("PNG", (40, 56, 3)))
    whole = both(tmp_path, tree)[1].path
    out = tmp_path / "again" / "toy"
    assert run(20, tree, out).returncode == -signal.SIGKILL
    assert not out.exists()
    assert (out.parent / ".toy.files" / "train-00004.npz").is_file()
    assert run(36 - 18, tree, out).returncode == 0  # all of `train` is there
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in whole.iterdir()
    }
    assert [path.name for path in out.parent.iterdir()] == ["toy"]


def test_shards_of_an_unfinished_split_are_not_decoded_again(tmp_path):
    tree, out = write_folder(tmp_path / "tree", members("PNG", (40, 56, 3))), tmp_path / "again" / "toy"
    assert run(10, tree, out).returncode == -signal.SIGKILL
    assert run(36 - 8, tree, out).returncode == 0  # two of four images each are there


def test_images_that_changed_meanwhile_are_made_again(tmp_path, capsys):
    made = members("PNG", (40, 56, 3))
    tree, out = write_folder(tmp_path / "tree", made), tmp_path / "again" / "toy"
    assert run(20, tree, out).returncode == -signal.SIGKILL
    write_folder(tree, {"train/a/5.png": made["train/a/3.png"]})  # of the second shard
    spec = SourceSettings(source="folder", paths=(str(tree),), stored="files")
    prepare("toy", spec, tmp_path, out)
    assert "toy train: images are not those that" in capsys.readouterr().err
    images = load_store(out).train.images
    np.testing.assert_array_equal(images[np.array([5])], images[np.array([3])])
    fresh = prepare("toy", spec, tmp_path, tmp_path / "fresh" / "toy")
    assert fresh == load_store(out).manifest


def test_archives_of_images_that_are_gone_meanwhile_are_gone_too(tmp_path):
    tree, out = write_folder(tmp_path / "tree", members("PNG", (40, 56, 3))), tmp_path / "again" / "toy"
    assert run(20, tree, out).returncode == -signal.SIGKILL
    for image in sorted(tree.glob("train/b/*"))[3:]:
        image.unlink()
    spec = SourceSettings(source="folder", paths=(str(tree),), stored="files")
    for folder in (out, tmp_path / "fresh" / "toy"):
        prepare("toy", spec, tmp_path, folder)
    one, two = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in (out, folder))
    assert one == two
    assert len(list(out.glob("train-*.zip"))) == 3  # of five


def test_arrays_clear_what_files_left(tmp_path):
    tree, out = write_folder(tmp_path / "tree", members("PNG", (40, 56, 3))), tmp_path / "again" / "toy"
    assert run(20, tree, out).returncode == -signal.SIGKILL
    prepare("toy", SourceSettings(source="folder", paths=(str(tree),)), tmp_path, out)
    assert [path.name for path in out.parent.iterdir()] == ["toy"]


def test_too_many_and_too_few_images_are_refused(tmp_path):
    items = [(noise("x", (4, 4, 3)), row % 2) for row in range(8)]
    fits = SourceImages(("a", "b"), SourceSplit(8, items), SourceSplit(8, items))
    for count, message in ((7, "more than the 7 images expected"), (9, "has 8 images, 9 expected")):
        with pytest.raises(SettingsError, match=message):
            write_store(tmp_path / "toy", "toy", replace(fits, train=SourceSplit(count, items)), "files")
    with pytest.raises(SettingsError, match="at least 1 expected"):
        write_store(tmp_path / "toy", "toy", replace(fits, test=SourceSplit(0, [])), "files")
