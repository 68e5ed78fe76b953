"""Mini-ImageNet; the paper's 50,000 and 10,000 images are the splits train and validation of `timm/mini-imagenet`."""

from pathlib import Path

from pipeline.data.facts import IMAGENET_TERMS, PHOTOGRAPHS_224, Facts, square
from pipeline.data.store import SourceImages
from pipeline.settings.dataset import DatasetSpec, SourceSettings

FACTS = Facts(
    DatasetSpec(source="mini_imagenet", classes=100, size=224, licence=IMAGENET_TERMS, views=PHOTOGRAPHS_224),
    square(50_000, 10_000, 3, 224),
    reads_paths=True,
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    from pipeline.data.parquet import read_parquet  # noqa: PLC0415  (only here is pyarrow needed, which few have)

    return read_parquet(spec, downloads / "mini_imagenet", "timm/mini-imagenet")
