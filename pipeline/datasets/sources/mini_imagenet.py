"""Mini-ImageNet: the splits train and test of `timm/mini-imagenet`, as the paper's code reads them.

The paper's text speaks of 50,000 and 10,000 images and names no split. Where there is no `test`, `validation` is read.
"""

from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.dataset_facts import IMAGE_FILES, IMAGENET_TERMS, PHOTOGRAPHS_224, Facts, square
from pipeline.datasets.source_images import SourceImages

FACTS = Facts(
    DatasetSpec(
        source="mini_imagenet", classes=100, size=224, stored="files", licence=IMAGENET_TERMS, views=PHOTOGRAPHS_224
    ),
    square(50_000, 10_000, 3, 224),
    reads=IMAGE_FILES,
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    from pipeline.datasets.parquet import read_parquet  # noqa: PLC0415  (only here is pyarrow needed, which few have)

    usual = downloads / "mini_imagenet"
    return read_parquet(spec, usual, "timm/mini-imagenet", tests=("test", "validation", "val"))
