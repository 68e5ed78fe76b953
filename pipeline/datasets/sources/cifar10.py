"""CIFAR-10 (Krizhevsky 2009): 32 x 32 RGB, `cifar-10-python.tar.gz`, unpacked, or as image files."""

from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.dataset_facts import Facts, square
from pipeline.datasets.source_images import SourceImages
from pipeline.datasets.torchvision_sets import datasets, read_cifar

FACTS = Facts(
    DatasetSpec(source="cifar10", classes=10, licence="none stated; the author asks to cite Krizhevsky (2009)"),
    square(50_000, 10_000, 3, 32),
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    return read_cifar(datasets().CIFAR10, downloads)
