"""What the datasets have in common that torchvision reads, from its layout among the downloads.

Archives are fetched and compared with torchvision's digests before they are opened, so that only the published
files are unpacked and unpickled; torchvision itself never goes to the network.
"""

import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.data.fetch import fetch
from pipeline.data.store import Pixels, SourceImages, SourceSplit


def datasets() -> Any:
    from pipeline.vision import torchvision  # noqa: PLC0415  (torch takes seconds, and no other source needs it)

    return torchvision.datasets


def read_cifar(kind: Any, downloads: Path) -> SourceImages:
    try:
        train, test = both(kind, downloads)
    except RuntimeError:  # the unpacked files are missing or have another digest
        with tarfile.open(fetch(kind.url, kind.tgz_md5, downloads / kind.filename)) as archive:
            archive.extractall(downloads, filter="data")
        train, test = both(kind, downloads)
    return SourceImages(tuple(train.classes), *(split(data.data, data.targets) for data in (train, test)))


def both(kind: Any, downloads: Path) -> tuple[Any, Any]:
    return kind(downloads, train=True), kind(downloads, train=False)


def split(images: Pixels, labels: Iterable[Any]) -> SourceSplit:
    return SourceSplit(len(images), zip(images, map(int, labels), strict=True))
