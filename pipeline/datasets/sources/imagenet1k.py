"""ImageNet-1K; tested on the 50,000 images of `validation`, as `test` has no labels."""

from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.dataset_facts import IMAGE_FILES, IMAGENET_TERMS, PHOTOGRAPHS_224, Facts, square
from pipeline.datasets.source_images import SourceImages

FACTS = Facts(
    DatasetSpec(
        source="imagenet1k", classes=1000, size=224, stored="files", licence=IMAGENET_TERMS, views=PHOTOGRAPHS_224
    ),
    square(1_281_167, 50_000, 3, 224),
    reads=IMAGE_FILES,
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    from pipeline.datasets.parquet import read_parquet  # noqa: PLC0415  (only here is pyarrow needed, which few have)

    return read_parquet(spec, downloads / "imagenet1k", "ILSVRC/imagenet-1k")
