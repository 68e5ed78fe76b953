"""From a dataset's source to its array store."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.data.sources.digits import digit_pairs, digits
from pipeline.data.store import Manifest, SourceImages, write_store
from pipeline.params import DatasetSpec

SOURCES: Mapping[str, Callable[[DatasetSpec], SourceImages]] = {"digits": digits, "digit_pairs": digit_pairs}


def prepare(name: str, spec: DatasetSpec, downloads: Path, out: Path) -> Manifest:
    return write_store(out, name, spec.source, spec.licence, SOURCES[spec.source](spec))
