"""Shape of the views that an encoder reads, before a dataset is prepared."""

from functools import cache
from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec
from pipeline.datasets.catalog import KNOWN, facts


@cache
def view_shape(spec: DatasetSpec) -> tuple[int, ...] | None:
    """(channels, height, width) of views, or the shape of a row; None: the data is missing and no size is published."""
    sizes = facts(spec.source).sizes
    if sizes is None or (spec.source not in KNOWN and not all(Path(path).exists() for path in spec.paths)):
        return None
    _, _, channels, *size = sizes(spec)
    return channels, *(spec.views.size or size)
