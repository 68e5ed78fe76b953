"""Fashion-MNIST (Xiao et al. 2017): 28 x 28 grey, `FashionMNIST/raw/*-ubyte.gz` or unpacked."""

import gzip
from functools import partial
from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.dataset_facts import Facts, square
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import SourceImages
from pipeline.datasets.torchvision_sets import both, datasets, split
from pipeline.system.files import write_atomically

FACTS = Facts(
    DatasetSpec(source="fashion_mnist", classes=10, licence="MIT (Zalando SE)"), square(60_000, 10_000, 1, 28)
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    """Unpacked files have no published digest; they are taken where they have the length that they announce."""
    kind = datasets().FashionMNIST
    try:
        train, test = both(kind, downloads)
    except (RuntimeError, ValueError, AssertionError):  # missing, or of another length than they announce
        for name, md5 in kind.resources:
            archive = fetch(
                kind.mirrors[0] + name, md5, downloads / "FashionMNIST" / "raw" / name, "unpacked, without .gz"
            )
            write_atomically(archive.with_suffix(""), partial(_gunzip, archive))
        train, test = both(kind, downloads)
    return SourceImages(tuple(kind.classes), *(split(data.data.numpy(), data.targets) for data in (train, test)))


def _gunzip(archive: Path, path: Path) -> None:
    path.write_bytes(gzip.decompress(archive.read_bytes()))
