"""The array store: a dataset's images as uint8 arrays that can be memory-mapped, with a manifest."""

import errno
import math
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.files import read_json, synchronise, write_json
from pipeline.progress import track
from pipeline.settings.base import SettingsError

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

SPLITS = ("train", "test")
FORMAT = 3


@dataclass(frozen=True)
class Manifest:
    """What a store holds; equal images give equal manifests."""

    name: str
    class_names: tuple[str, ...]
    shape: tuple[int, int, int]  # (channels, height, width)
    counts: dict[str, tuple[int, ...]]  # split: images of each class
    mean: tuple[float, ...]  # per channel, of the training pixels in [0, 1]
    std: tuple[float, ...]
    format: int = FORMAT


@dataclass(frozen=True)
class Split:
    """images [N, C, H, W] memory-mapped, labels [N]."""

    images: Pixels
    labels: Labels


@dataclass(frozen=True)
class Store:
    path: Path
    manifest: Manifest
    train: Split
    test: Split


@dataclass(frozen=True)
class SourceSplit:
    """What a source gives of one split: the number of images is known before the first is read."""

    count: int
    items: Iterable[tuple[Pixels, int]]  # image [H, W, C] or [H, W], label


@dataclass(frozen=True)
class SourceImages:
    """A dataset as its source has it."""

    class_names: tuple[str, ...]
    train: SourceSplit
    test: SourceSplit


def write_store(folder: Path, name: str, images: SourceImages) -> Manifest:
    """Write the arrays one image at a time (ImageNet needs no memory) beside `folder`, then put them in place.

    Raises SettingsError where images differ in shape, a split has another number of images than it announces, a label
    is of no class or a class has no training image, OSError where the disk has no room for them all. A store that is
    there stays until the new one is whole.
    """
    temporary = folder.with_name(f".{folder.name}.partial")
    retired = folder.with_name(f".{folder.name}.old")
    for leftover in (temporary, retired):  # of a killed process, as large as the store itself
        shutil.rmtree(leftover, ignore_errors=True)
    classes = len(images.class_names)
    temporary.mkdir(parents=True)
    try:
        train = _write_split(temporary, name, "train", images.train, classes, None)
        test = _write_split(temporary, name, "test", images.test, classes, train.shape)
        counts = {
            split: tuple(np.bincount(written.labels, minlength=classes).tolist())
            for split, written in (("train", train), ("test", test))
        }
        if 0 in counts["train"]:
            empty = images.class_names[counts["train"].index(0)]
            raise SettingsError(f"{name}: class {empty!r} has no training image")
        manifest = Manifest(
            name=name,
            class_names=images.class_names,
            shape=train.shape,
            counts=counts,
            mean=train.mean,
            std=train.std,
        )
        write_json(temporary / "manifest.json", asdict(manifest))
        for file in temporary.iterdir():
            synchronise(file)
        if folder.exists():
            os.replace(folder, retired)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(retired, ignore_errors=True)
    return manifest


def load_store(folder: Path) -> Store:
    """Memory-map a store.

    Raises FileNotFoundError that says how to make it, SettingsError where it is damaged or of another format.
    """
    manifest = load_manifest(folder)
    try:
        return Store(folder, manifest, *(_load_split(folder, split, manifest) for split in SPLITS))
    except _DAMAGE as error:
        raise _damaged(folder, error) from error


def load_manifest(folder: Path) -> Manifest:
    """Raises as `load_store`."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not there; `python -m pipeline prepare {folder.name}` makes it")
    try:
        values = read_json(path)
        found = values["format"]
        if found == FORMAT:
            return _manifest(values)
    except _DAMAGE as error:
        raise _damaged(folder, error) from error
    raise SettingsError(f"{path}: format {found}, allowed is {FORMAT}: prepare the dataset again")


_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _damaged(folder: Path, error: BaseException) -> SettingsError:
    return SettingsError(
        f"{folder}: this store is damaged ({type(error).__name__}: {error}); prepare the dataset again"
    )


@dataclass(frozen=True)
class _Written:
    shape: tuple[int, int, int]
    labels: Labels
    mean: tuple[float, ...]
    std: tuple[float, ...]


def _write_split(
    folder: Path, name: str, split: str, source: SourceSplit, classes: int, shape: tuple[int, int, int] | None
) -> _Written:
    labels = np.empty(source.count, np.int64)
    array: Pixels | None = None
    sums = squares = np.zeros(0, np.int64)
    row = -1
    for row, (image, label) in enumerate(track(source.items, source.count, f"prepare {name} {split}")):
        if row == source.count:
            raise SettingsError(f"{name}: the {split} split has more than the {source.count} images expected")
        if not 0 <= label < classes:
            raise SettingsError(f"{name}: {split} image {row} has label {label}, allowed is 0 to {classes - 1}")
        planes = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
        if array is None:
            first = shape or (planes.shape[0], planes.shape[1], planes.shape[2])
            size = (source.count, *first)
            array = _mapped(folder / f"{split}_images.npy", size)
            sums, squares = np.zeros(first[0], np.int64), np.zeros(first[0], np.int64)
        if planes.shape != array.shape[1:]:
            raise SettingsError(
                f"{name}: {split} image {row} is {planes.shape} (channels, height, width), those before are "
                f"{array.shape[1:]}: set the dataset's `size` to bring all to one"
            )
        array[row], labels[row] = planes, label
        values = array[row].reshape(len(sums), -1).astype(np.float64)  # whole numbers stay exact, in any order
        sums += values.sum(1).astype(np.int64)
        squares += np.einsum("cp,cp->c", values, values).astype(np.int64)  # ten times as fast as with integers
    if array is None or row + 1 != source.count:
        raise SettingsError(f"{name}: the {split} split has {row + 1} images, {source.count or 'at least 1'} expected")
    np.save(folder / f"{split}_labels.npy", labels)
    pixels = source.count * array.shape[2] * array.shape[3]
    mean = tuple(total / (255 * pixels) for total in sums.tolist())
    std = tuple(  # the difference is one of whole numbers, so that none of it cancels
        math.sqrt(pixels * square - total**2) / (255 * pixels)
        for total, square in zip(sums.tolist(), squares.tolist(), strict=True)
    )
    shape = (array.shape[1], array.shape[2], array.shape[3])
    return _Written(shape, labels, mean, std)


def _mapped(path: Path, shape: tuple[int, ...]) -> Pixels:
    """A file of zeros to be written to in memory, with its room on the disk: without it a full disk kills the process
    (SIGBUS). Raises OSError where there is none."""
    try:
        array: Pixels = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        size = path.stat().st_size
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        elif size > shutil.disk_usage(path.parent).free:  # macOS
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:  # which does not say where
        raise OSError(error.errno, error.strerror, str(path)) from None
    return array


def _manifest(values: dict[str, Any]) -> Manifest:
    tuples = {key: tuple(values[key]) for key in ("class_names", "shape", "mean", "std")}
    counts = {split: tuple(numbers) for split, numbers in values["counts"].items()}
    return Manifest(**{**values, **tuples, "counts": counts})


def _load_split(folder: Path, split: str, manifest: Manifest) -> Split:
    images = np.load(folder / f"{split}_images.npy", mmap_mode="r", allow_pickle=False)
    labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
    count = sum(manifest.counts[split])
    if images.shape != (count, *manifest.shape) or labels.shape != (count,):
        raise ValueError(f"{split} has {images.shape} images and {labels.shape} labels, the manifest says {count}")
    return Split(images, labels)
