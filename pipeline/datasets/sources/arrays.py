"""Data other than images: arrays of a .npz, safetensors or Parquet file, kept as they are."""

from pathlib import Path

from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.array_splits import array_sizes, count_rows, read_arrays
from pipeline.datasets.dataset_facts import Facts
from pipeline.datasets.source_images import SourceArrays

FACTS = Facts(sizes=array_sizes, counts=count_rows, reads=("paths", "test_share", "label_column"))


def images(spec: SourceSettings, downloads: Path) -> SourceArrays:
    return read_arrays(spec)
