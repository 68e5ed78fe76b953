"""CIFAR-10, CIFAR-100, SVHN and Fashion-MNIST as torchvision reads them, from its layout among the downloads.

Archives are fetched and compared with torchvision's digests before they are opened, so that only the published
files are unpacked and unpickled; torchvision itself never goes to the network.
"""

import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.data.fetch import fetch
from pipeline.data.store import Pixels, SourceImages, SourceSplit
from pipeline.params import DatasetSpec
from pipeline.vision import torchvision


def cifar10(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """32 x 32 RGB, 10 classes, 50,000 and 10,000 images (Krizhevsky 2009): `cifar-10-python.tar.gz` or unpacked."""
    return _cifar(torchvision.datasets.CIFAR10, downloads)


def cifar100(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """32 x 32 RGB, 100 classes, 50,000 and 10,000 images (Krizhevsky 2009): `cifar-100-python.tar.gz` or unpacked."""
    return _cifar(torchvision.datasets.CIFAR100, downloads)


def svhn(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """32 x 32 RGB, 10 classes, 73,257 and 26,032 images (Netzer et al. 2011): `{train,test}_32x32.mat`."""
    kind = torchvision.datasets.SVHN
    splits = []
    for split in ("train", "test"):
        url, name, md5 = kind.split_list[split]
        fetch(url, md5, downloads / name)
        data = kind(downloads, split)
        splits.append(_split(data.data.transpose(0, 2, 3, 1), data.labels))
    return SourceImages(tuple("0123456789"), *splits)


def fashion_mnist(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """28 x 28 grey, 10 classes, 60,000 and 10,000 images (Xiao et al. 2017): `FashionMNIST/raw/*-ubyte.gz`."""
    kind = torchvision.datasets.FashionMNIST
    raw = downloads / "FashionMNIST" / "raw"
    for name, md5 in kind.resources:
        archive = fetch(kind.mirrors[0] + name, md5, raw / name)
        archive.with_suffix("").unlink(missing_ok=True)  # nobody knows the digest of what was unpacked before
    train, test = (kind(downloads, train=training, download=True) for training in (True, False))
    return SourceImages(
        tuple(kind.classes), *(_split(data.data.numpy(), data.targets.numpy()) for data in (train, test))
    )


def _cifar(kind: Any, downloads: Path) -> SourceImages:
    try:
        kind(downloads)
    except RuntimeError:  # the unpacked files are missing or have another digest
        with tarfile.open(fetch(kind.url, kind.tgz_md5, downloads / kind.filename)) as archive:
            archive.extractall(downloads, filter="data")
    train, test = (kind(downloads, train=training) for training in (True, False))
    return SourceImages(tuple(train.classes), *(_split(data.data, data.targets) for data in (train, test)))


def _split(images: Pixels, labels: Sequence[int] | npt.NDArray[np.int64]) -> SourceSplit:
    return SourceSplit(len(images), zip(images, map(int, labels), strict=True))
