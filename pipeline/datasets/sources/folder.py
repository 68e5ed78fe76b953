"""One's own images, `train/<class>/*` and `test/<class>/*`, or `<class>/*`, as folders or zip archives."""

from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.class_folders import read_folders
from pipeline.datasets.dataset_facts import Facts, Sizes
from pipeline.datasets.decode import decode_all
from pipeline.datasets.source_images import SourceImages


def _sizes(spec: SourceSettings) -> Sizes:
    """Counted from names; the first training image tells the shape."""
    found = images(spec, Path())
    first = next(decode_all(found.train.items)).pixels
    return (found.train.count, found.test.count, 1 if first.ndim == 2 else 3, *first.shape[:2])


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    if not spec.paths:
        raise SettingsError("paths: empty, but source = folder needs the folders or zip archives to read")
    return read_folders([Path(path) for path in spec.paths], spec.size, test_share=spec.test_share)


FACTS = Facts(sizes=_sizes, reads_paths=True, may_lack_classes=True)
