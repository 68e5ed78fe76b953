"""The store: a dataset's images, as uint8 arrays that are mapped into memory or as files that are decoded when they are
shown, or its rows as float32 arrays, with a manifest."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import Stored
from pipeline.datasets.source_images import Labels, Pixels, Rows, SourceArrays, SourceImages, SourceSplit
from pipeline.system.files import clear_leftovers, read_json, synchronise, write_json

if TYPE_CHECKING:
    from pipeline.datasets.file_store import StoredFiles

SPLITS = ("train", "test")
FORMAT = 3


@dataclass(frozen=True)
class Manifest:
    """Contents of a store; equal images give equal manifests."""

    name: str
    class_names: tuple[str, ...]
    shape: tuple[int, ...]  # (channels, height, width), or the shape of a row
    counts: dict[str, tuple[int, ...]]  # split: images of each class
    mean: tuple[float, ...]  # per channel, of the training pixels in [0, 1]; empty: rows are read as they are
    std: tuple[float, ...]
    format: int = FORMAT


@dataclass(frozen=True)
class Split:
    """images [N, C, H, W] or rows [N, ...], read when they are indexed; labels [N]."""

    images: Pixels | Rows | StoredFiles
    labels: Labels


@dataclass(frozen=True)
class Store:
    path: Path
    manifest: Manifest
    train: Split
    test: Split


def write_store(folder: Path, name: str, images: SourceImages | SourceArrays, stored: Stored = "arrays") -> Manifest:
    """Write all images next to `folder`, a few at a time, then put them in place.

    A store that is there stays until the new one is complete. With `stored="files"`, finished shards survive an
    interruption and are reused.

    Raises:
        SettingsError: a label is of no class, a class has no training image, or images differ in shape.
        OSError: the disk has no room for them all.
    """
    unfinished = {kind: folder.with_name(f".{folder.name}.{kind}") for kind in ("arrays", "files")}
    retired = folder.with_name(f".{folder.name}.old")
    reusable = unfinished["files"] if stored == "files" else None
    for leftover in {*unfinished.values(), retired} - {reusable}:  # of a killed process, as large as the store itself
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = unfinished[stored]
    temporary.mkdir(parents=True, exist_ok=True)
    clear_leftovers(temporary)
    try:
        manifest = (
            _write(temporary, name, images, stored)
            if isinstance(images, SourceImages)
            else _write_rows(temporary, name, images)
        )
        if folder.exists():
            os.replace(folder, retired)
        os.replace(temporary, folder)
    finally:
        if temporary != reusable:
            shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(retired, ignore_errors=True)
    return manifest


def _write(folder: Path, name: str, images: SourceImages, stored: Stored) -> Manifest:
    # an image library, which reading arrays goes without
    from pipeline.datasets.decoding import mean_and_std, shape_of  # noqa: PLC0415
    from pipeline.datasets.file_store import write_files  # noqa: PLC0415
    from pipeline.datasets.pixel_store import write_pixels  # noqa: PLC0415

    splits, counts, pixels = {"train": images.train, "test": images.test}, {}, {}
    for split, source in splits.items():
        counts[split] = _class_counts(f"{name} {split}", source, len(images.class_names))
    if 0 in counts["train"]:
        raise SettingsError(f"{name}: class {images.class_names[counts['train'].index(0)]!r} has no training image")
    shape = shape_of(images.train.images)
    if isinstance(images.test.images, np.ndarray) and shape_of(images.test.images) != shape:
        raise SettingsError(f"{name}: training and test images differ in shape (channels, height, width): set `size`")
    for split, source in splits.items():
        write = write_files if stored == "files" else write_pixels
        pixels[split] = write(folder, split, source, shape, f"prepare {name} {split}")
        np.save(folder / f"{split}_labels.npy", source.labels)
    mean, std = mean_and_std(pixels["train"])
    for note in folder.glob("*.npz"):  # of finished shards
        note.unlink()
    return _finish(folder, Manifest(name, images.class_names, shape, counts, mean, std))


def _write_rows(folder: Path, name: str, arrays: SourceArrays) -> Manifest:
    counts = {}
    for split, source in {"train": arrays.train, "test": arrays.test}.items():
        np.save(folder / f"{split}_images.npy", source.rows)
        np.save(folder / f"{split}_labels.npy", source.labels)
        counts[split] = tuple(np.bincount(source.labels, minlength=len(arrays.class_names)).tolist())
    return _finish(folder, Manifest(name, arrays.class_names, arrays.train.rows.shape[1:], counts, (), ()))


def _finish(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest, and bring everything to the disk."""
    write_json(folder / "manifest.json", asdict(manifest))
    for file in folder.iterdir():
        synchronise(file)
    return manifest


def _class_counts(name: str, source: SourceSplit, classes: int) -> tuple[int, ...]:
    """Numbers of images by class. Raises SettingsError for labels that are not those of the images."""
    labels = source.labels
    images = len(source.images) if isinstance(source.images, np.ndarray) else len(labels)
    if not 0 < len(labels) == images:
        raise SettingsError(f"{name}: expected a label for each image, got {len(labels)} for {images}")
    if len(wrong := np.flatnonzero((labels < 0) | (labels >= classes))):
        row = wrong[0]
        raise SettingsError(f"{name}: expected labels 0 to {classes - 1}, got {labels[row]} for image {row}")
    return tuple(np.bincount(labels, minlength=classes).tolist())


def load_store(folder: Path) -> Store:
    """Map a store into memory.

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
        raise FileNotFoundError(f"{path}: missing; `python -m pipeline prepare {folder.name}` makes it")
    try:
        values = read_json(path)
        if values["format"] == FORMAT:
            return _manifest(values)
    except _DAMAGE as error:
        raise _damaged(folder, error) from error
    raise SettingsError(f"{path}: expected format {FORMAT}, got {values['format']}: prepare the dataset again")


_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _damaged(folder: Path, error: BaseException) -> SettingsError:
    return SettingsError(
        f"{folder}: this store is damaged ({type(error).__name__}: {error}); prepare the dataset again"
    )


def _manifest(values: dict[str, Any]) -> Manifest:
    tuples = {key: tuple(values[key]) for key in ("class_names", "shape", "mean", "std")}
    counts = {split: tuple(numbers) for split, numbers in values["counts"].items()}
    return Manifest(**{**values, **tuples, "counts": counts})


def _load_split(folder: Path, split: str, manifest: Manifest) -> Split:
    images: Pixels | Rows | StoredFiles
    if (folder / f"{split}_index.npy").is_file():
        from pipeline.datasets.file_store import StoredFiles  # noqa: PLC0415  (an image library: for files alone)

        channels, height, width = manifest.shape
        images = StoredFiles(folder, split, (channels, height, width))
    else:
        images = np.load(folder / f"{split}_images.npy", mmap_mode="r", allow_pickle=False)
    labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
    count = sum(manifest.counts[split])
    if images.shape != (count, *manifest.shape) or labels.shape != (count,):
        raise ValueError(f"{split} has {images.shape} images and {labels.shape} labels, the manifest says {count}")
    return Split(images, labels)
