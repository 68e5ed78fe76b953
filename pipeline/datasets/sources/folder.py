"""Custom images, `train/<class>/*` and `test/<class>/*`, or `<class>/*`, as folders or zip archives."""

from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.class_folders import count_training, read_folders
from pipeline.datasets.dataset_facts import IMAGE_FILES, Facts, Sizes
from pipeline.datasets.decoding import shape_of
from pipeline.datasets.source_images import SourceImages


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    if not spec.paths:
        raise SettingsError("paths: empty, but source = folder needs the folders or zip archives to read")
    return read_folders([Path(path) for path in spec.paths], spec.size, test_share=spec.test_share)


def _sizes(spec: SourceSettings) -> Sizes:
    """Numbers of images, and the shape of the first, which is decoded."""
    source = images(spec, Path())
    return (len(source.train.labels), len(source.test.labels), *shape_of(source.train.images))


def _counts(spec: SourceSettings, where: str) -> tuple[int, int]:
    return count_training(spec.paths, spec.test_share, where)


FACTS = Facts(sizes=_sizes, counts=_counts, reads=IMAGE_FILES, may_lack_classes=True)
