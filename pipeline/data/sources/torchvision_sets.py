"""CIFAR-10, CIFAR-100, SVHN and Fashion-MNIST as torchvision reads them, from its layout among the downloads.

Archives are fetched and compared with torchvision's digests before they are opened, so that only the published
files are unpacked and unpickled; torchvision itself never goes to the network.
"""

import gzip
import tarfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.data.fetch import fetch
from pipeline.data.store import Pixels, SourceImages, SourceSplit
from pipeline.files import write_atomically
from pipeline.params import DatasetSpec


def cifar10(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """32 x 32 RGB, 10 classes, 50,000 and 10,000 images (Krizhevsky 2009): `cifar-10-python.tar.gz` or unpacked."""
    return _cifar(_datasets().CIFAR10, downloads)


def cifar100(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """32 x 32 RGB, 100 classes, 50,000 and 10,000 images (Krizhevsky 2009): `cifar-100-python.tar.gz` or unpacked."""
    return _cifar(_datasets().CIFAR100, downloads)


def svhn(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """32 x 32 RGB, 10 classes, 73,257 and 26,032 images (Netzer et al. 2011): `{train,test}_32x32.mat`."""
    kind = _datasets().SVHN
    splits = []
    for split in ("train", "test"):
        url, name, md5 = kind.split_list[split]
        fetch(url, md5, downloads / name)
        data = kind(downloads, split)
        splits.append(_split(data.data.transpose(0, 2, 3, 1), data.labels))
    return SourceImages(tuple("0123456789"), *splits)


def fashion_mnist(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """28 x 28 grey, 10 classes, 60,000 and 10,000 images (Xiao et al. 2017): `FashionMNIST/raw/*-ubyte.gz` or unpacked.

    Unpacked files have no published digest; they are taken where they have the length that they announce.
    """
    kind = _datasets().FashionMNIST
    try:
        train, test = _both(kind, downloads)
    except (RuntimeError, ValueError, AssertionError):  # missing, or of another length than they announce
        for name, md5 in kind.resources:
            archive = fetch(kind.mirrors[0] + name, md5, downloads / "FashionMNIST" / "raw" / name)
            write_atomically(archive.with_suffix(""), partial(_gunzip, archive))
        train, test = _both(kind, downloads)
    return SourceImages(tuple(kind.classes), *(_split(data.data.numpy(), data.targets) for data in (train, test)))


def _datasets() -> Any:
    from pipeline.vision import torchvision  # noqa: PLC0415  (torch takes seconds, and no other source needs it)

    return torchvision.datasets


def _cifar(kind: Any, downloads: Path) -> SourceImages:
    try:
        train, test = _both(kind, downloads)
    except RuntimeError:  # the unpacked files are missing or have another digest
        with tarfile.open(fetch(kind.url, kind.tgz_md5, downloads / kind.filename)) as archive:
            archive.extractall(downloads, filter="data")
        train, test = _both(kind, downloads)
    return SourceImages(tuple(train.classes), *(_split(data.data, data.targets) for data in (train, test)))


def _both(kind: Any, downloads: Path) -> tuple[Any, Any]:
    return kind(downloads, train=True), kind(downloads, train=False)


def _gunzip(archive: Path, path: Path) -> None:
    path.write_bytes(gzip.decompress(archive.read_bytes()))


def _split(images: Pixels, labels: Iterable[Any]) -> SourceSplit:
    return SourceSplit(len(images), zip(images, map(int, labels), strict=True))
