"""Fashion-MNIST (Xiao et al. 2017): 28 x 28 grey, `FashionMNIST/raw/*-ubyte.gz` or unpacked."""

import gzip
from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.dataset_facts import Facts, square
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.torchvision_sets import datasets, load_both
from pipeline.system.files import write_bytes

FACTS = Facts(
    DatasetSpec(source="fashion_mnist", classes=10, licence="MIT (Zalando SE)"), square(60_000, 10_000, 1, 28)
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    """Unpacked files have no published digest; they are taken where they have the length that they announce."""
    kind, folder = datasets().FashionMNIST, downloads / "FashionMNIST" / "raw"
    try:
        train, test = load_both(kind, downloads)
    except (RuntimeError, ValueError, AssertionError):  # missing, or of another length than they announce
        for name, md5 in kind.resources:
            archive = fetch(kind.mirrors[0] + name, md5, folder / name, "unpacked, without .gz")
            write_bytes(archive.with_suffix(""), gzip.decompress(archive.read_bytes()))
        train, test = load_both(kind, downloads)
    splits = (SourceSplit(data.data.numpy(), data.targets.numpy()) for data in (train, test))
    return SourceImages(tuple(kind.classes), *splits)
