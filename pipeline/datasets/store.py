"""The store: a dataset's images, as uint8 arrays that are mapped into memory or as files that are decoded when they are
shown, with a manifest."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import Stored
from pipeline.datasets.pixel_arrays import read_array, write_array
from pipeline.datasets.rows import Shape, SplitOf
from pipeline.datasets.source_images import Labels, Pixels, SourceImages
from pipeline.system.files import clear_leftovers, read_json, synchronise, write_json

if TYPE_CHECKING:
    from pipeline.datasets.shards import Shards

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
    """images [N, C, H, W], read when they are indexed; labels [N]."""

    images: Pixels | Shards
    labels: Labels


@dataclass(frozen=True)
class Store:
    path: Path
    manifest: Manifest
    train: Split
    test: Split


def write_store(folder: Path, name: str, images: SourceImages, stored: Stored = "arrays") -> Manifest:
    """Write all images beside `folder`, one at a time (ImageNet needs no memory), then put them in place.

    As files they stay where the attempt ends early, and the next goes on. Raises SettingsError where images differ in
    shape, a split has another number of images than it announces, a label is of no class or a class has no training
    image, OSError where the disk has no room for them all, and as `write_shards`. A store that is there stays until the
    new one is whole.
    """
    unfinished = {kind: folder.with_name(f".{folder.name}.{kind}") for kind in ("arrays", "files")}
    retired = folder.with_name(f".{folder.name}.old")
    kept = unfinished["files"] if stored == "files" else None
    for leftover in {*unfinished.values(), retired} - {kept}:  # of a killed process, as large as the store itself
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = unfinished[stored]
    temporary.mkdir(parents=True, exist_ok=True)
    clear_leftovers(temporary)
    from pipeline.datasets.shards import forget_notes, write_shards  # noqa: PLC0415  (an image library: for files alone)

    write = write_shards if stored == "files" else write_array
    classes = len(images.class_names)
    try:
        train = write(temporary, SplitOf(name, "train", images.train.count, classes), images.train, None)
        test = write(temporary, SplitOf(name, "test", images.test.count, classes), images.test, train.shape)
        for split, written in (("train", train), ("test", test)):
            np.save(temporary / f"{split}_labels.npy", written.labels)
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
            mean=train.moments.mean,
            std=train.moments.std,
        )
        write_json(temporary / "manifest.json", asdict(manifest))
        forget_notes(temporary)
        for file in temporary.iterdir():
            synchronise(file)
        if folder.exists():
            os.replace(folder, retired)
        os.replace(temporary, folder)
    finally:
        if temporary != kept:
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


def _manifest(values: dict[str, Any]) -> Manifest:
    tuples = {key: tuple(values[key]) for key in ("class_names", "shape", "mean", "std")}
    counts = {split: tuple(numbers) for split, numbers in values["counts"].items()}
    return Manifest(**{**values, **tuples, "counts": counts})


def _read_images(folder: Path, split: str, shape: Shape) -> Pixels | Shards:
    if not (folder / f"{split}_index.npy").is_file():
        return read_array(folder, split)
    from pipeline.datasets.shards import Shards  # noqa: PLC0415  (an image library: for files alone)

    return Shards(folder, split, shape)


def _load_split(folder: Path, split: str, manifest: Manifest) -> Split:
    images = _read_images(folder, split, manifest.shape)
    labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
    count = sum(manifest.counts[split])
    if images.shape != (count, *manifest.shape) or labels.shape != (count,):
        raise ValueError(f"{split} has {images.shape} images and {labels.shape} labels, the manifest says {count}")
    return Split(images, labels)
