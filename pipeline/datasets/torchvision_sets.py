"""What the datasets have in common that torchvision reads, from its layout among the downloads.

Archives are fetched and compared with torchvision's digests before they are opened, so that only the published
files are unpacked and unpickled; torchvision itself never goes to the network.
"""

import pickle
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.datasets.class_folders import read_folders
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import Pixels, SourceImages, SourceSplit


def datasets() -> Any:
    from pipeline.system.torchvision_shim import torchvision  # noqa: PLC0415  (torch takes seconds, and no other source needs it)

    return torchvision.datasets


CIFAR_IMAGES = {"train": 50_000, "test": 10_000}


def read_cifar(kind: Any, downloads: Path) -> SourceImages:
    """CIFAR-10 or CIFAR-100, by class and file name, from the published archive, fetched if need be.

    Where that is not there, but the same images as files are (`train/<class>/*.png` and `test/<class>/*.png` in
    `cifar100*.zip` or a folder `cifar100`, likewise `cifar10`), from these, which gives the same store.
    """
    trees = _trees(kind, downloads)
    if trees:
        return _of_files(trees)
    try:
        train, test = both(kind, downloads)
    except RuntimeError:  # the unpacked files are missing or have another digest
        name = kind.__name__.lower()
        otherwise = (
            f"{kind.base_folder}/ as unpacked, or its images as files, train/<class>/*.png and test/<class>/*.png, in "
            f"{name}*.zip or a folder {name}/"
        )
        with tarfile.open(fetch(kind.url, kind.tgz_md5, downloads / kind.filename, otherwise)) as archive:
            archive.extractall(downloads, filter="data")
        train, test = both(kind, downloads)
    folder = downloads / kind.base_folder
    return SourceImages(
        tuple(train.classes),
        _sorted(train, [folder / name for name, _ in kind.train_list]),
        _sorted(test, [folder / name for name, _ in kind.test_list]),
    )


def _trees(kind: Any, downloads: Path) -> list[Path]:
    if any((downloads / name).exists() for name in (kind.filename, kind.base_folder)):
        return []
    name = kind.__name__.lower()
    folder = downloads / name
    return [folder] if folder.is_dir() else sorted(downloads.glob(f"{name}[!0-9]*.zip"))


def _of_files(trees: Sequence[Path]) -> SourceImages:
    found = read_folders(trees, None, "RGB")
    for split, images in (("train", found.train), ("test", found.test)):
        if images.count != CIFAR_IMAGES[split]:
            where = ", ".join(map(str, trees))
            raise SettingsError(f"{where}: {images.count} {split} images found, allowed is {CIFAR_IMAGES[split]}")
    return found


def _sorted(data: Any, batches: Sequence[Path]) -> SourceSplit:
    """Of a split whose batches torchvision has compared with their digests: what it leaves out are the file names."""
    names: list[str] = []
    for batch in batches:
        with batch.open("rb") as file:
            names += pickle.load(file, encoding="latin1")["filenames"]
    order = np.lexsort((names, data.targets))
    return split(data.data[order], np.asarray(data.targets)[order])


def both(kind: Any, downloads: Path) -> tuple[Any, Any]:
    return kind(downloads, train=True), kind(downloads, train=False)


def split(images: Pixels, labels: Iterable[Any]) -> SourceSplit:
    return SourceSplit(len(images), zip(images, map(int, labels), strict=True))
