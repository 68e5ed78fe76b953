"""Datasets that torchvision reads, from its layout among the downloads.

Archives are fetched and compared with torchvision's digests before they are opened, so that only the published files
are unpacked and unpickled; torchvision itself never uses the network.
"""

import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.datasets.class_folders import read_folders
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import SourceImages, SourceSplit

CIFAR_IMAGES = {"train": 50_000, "test": 10_000}


def datasets() -> Any:
    """The module torchvision.datasets; torch takes seconds, and no other source needs it."""
    from twin_alignment.torchvision_shim import torchvision  # noqa: PLC0415

    return torchvision.datasets


def load_both(kind: Any, downloads: Path) -> tuple[Any, Any]:
    """Training and test set of a kind of dataset."""
    return kind(downloads, train=True), kind(downloads, train=False)


def read_cifar(kind: Any, downloads: Path) -> SourceImages:
    """CIFAR-10 or CIFAR-100, by class and file name, from the published archive, fetched if need be.

    Where that is missing, but the same images are there as files (`train/<class>/*.png` and `test/<class>/*.png` in
    `cifar100*.zip` or a folder `cifar100`, likewise `cifar10`), from these, which gives the same store.
    """
    name, folder = kind.__name__.lower(), downloads / kind.base_folder
    if not any((downloads / published).exists() for published in (kind.filename, kind.base_folder)):
        images = downloads / name
        trees = [images] if images.is_dir() else sorted(downloads.glob(f"{name}[!0-9]*.zip"))
        if trees:
            return _read_cifar_files(trees)
    try:
        train, test = load_both(kind, downloads)
    except RuntimeError:  # the unpacked files are missing or have another digest
        alternative = (
            f"{kind.base_folder}/ as unpacked, or its images as files, train/<class>/*.png and test/<class>/*.png, in "
            f"{name}*.zip or a folder {name}/"
        )
        with tarfile.open(fetch(kind.url, kind.tgz_md5, downloads / kind.filename, alternative)) as archive:
            archive.extractall(downloads, filter="data")
        train, test = load_both(kind, downloads)
    return SourceImages(
        tuple(train.classes),
        _by_class_and_name(train, [folder / batch for batch, _ in kind.train_list]),
        _by_class_and_name(test, [folder / batch for batch, _ in kind.test_list]),
    )


def _read_cifar_files(trees: list[Path]) -> SourceImages:
    images = read_folders(trees, None, "RGB")
    for split, part in (("train", images.train), ("test", images.test)):
        if len(part.labels) != CIFAR_IMAGES[split]:
            where = ", ".join(map(str, trees))
            raise SettingsError(f"{where}: expected {CIFAR_IMAGES[split]} {split} images, got {len(part.labels)}")
    return images


def _by_class_and_name(data: Any, batches: list[Path]) -> SourceSplit:
    """A split in the order of its file names, which torchvision leaves out; it has checked the batches' digests."""
    names: list[str] = []
    for batch in batches:
        with batch.open("rb") as file:
            names += pickle.load(file, encoding="latin1")["filenames"]
    order = np.lexsort((names, data.targets))
    return SourceSplit(data.data[order], np.asarray(data.targets)[order])
