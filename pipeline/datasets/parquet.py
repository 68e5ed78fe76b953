"""Parquet files in the Hugging Face layout, of datasets that are downloaded by hand: they need an account and the
acceptance of terms, so nothing is fetched."""

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.class_folders import read_folders
from pipeline.datasets.source_images import ImageFiles, Labels, SourceImages, SourceSplit

_ROWS = 64  # read at once; larger pieces only cost memory


def read_parquet(
    spec: SourceSettings,
    usual: Path,
    repository: str,
    tests: tuple[str, ...] = ("validation", "val", "test"),
) -> SourceImages:
    """Read Parquet files `train-*` and those of the test split anywhere below the paths, or else class folders.

    All images are RGB.

    Args:
        spec: its `paths` and `size`.
        usual: folder that is read without paths.
        repository: name on huggingface.co, for messages.
        tests: names of the test split; the first that is there is taken.

    Raises:
        FileNotFoundError: what to put where.
        SettingsError: a file is damaged or has other columns.
    """
    paths = [Path(path) for path in spec.paths] or [usual]
    folders = tuple(name for name in tests if name != "validation")
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(
                f"{path}: missing; put the files train-*.parquet and {tests[0]}-*.parquet of the dataset "
                f"{repository} (huggingface.co, needs an account), or train/<class>/ and {folders[0]}/<class>/, "
                "there by hand, or set the dataset's `paths` to where they are"
            )
    files = sorted(
        (file for path in paths for file in (path.rglob("*.parquet") if path.is_dir() else [path])),
        key=lambda file: (file.name, file),
    )
    if not any(file.suffix == ".parquet" for file in files):
        return read_folders(paths, spec.size, "RGB", tests=folders)
    splits = {name: [file for file in files if file.name.startswith(f"{name}-")] for name in ("train", *tests)}
    tested = next((name for name in tests if splits[name]), tests[0])
    for name in ("train", tested):
        if not splits[name]:
            raise FileNotFoundError(f"{', '.join(map(str, paths))}: no {name}-*.parquet; put these files there")
    train, test = (_split(splits[name], spec.size) for name in ("train", tested))
    names = _class_names(splits["train"][0]) or tuple(map(str, range(int(train.labels.max()) + 1)))
    return SourceImages(names, train, test)


def _split(files: list[Path], size: int | None) -> SourceSplit:
    labels = np.concatenate([_labels(file) for file in files])
    return SourceSplit(ImageFiles(partial(_rows, files), "RGB", size), labels)


def _labels(file: Path) -> Labels:
    _, column = _columns(file)
    labels = pq.read_table(file, columns=[column]).column(column)
    if labels.null_count:
        raise SettingsError(f"{file} row {labels.is_null().index(True).as_py()}: has no label")
    return np.asarray(labels, np.int64)


def _rows(files: list[Path], start: int, stop: int) -> Iterator[tuple[str, bytes]]:
    """Names and images of some rows of a split; files without any of them are not read."""
    first = 0  # row of the split that a file starts with
    for file in files:
        opened = pq.ParquetFile(file)
        count = opened.metadata.num_rows
        if first < stop and start < first + count:
            for row, data in enumerate(islice(_images(file, opened), stop - first)):
                if data is None:
                    raise SettingsError(f"{file} row {row}: has no image")
                if row >= start - first:
                    yield f"{file} row {row}", data
        first += count


def _images(file: Path, opened: pq.ParquetFile) -> Iterator[bytes | None]:
    column, _ = _columns(file)
    try:
        for batch in opened.iter_batches(_ROWS, columns=[f"{column}.bytes"]):
            yield from batch.column(column).field("bytes").to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise SettingsError(f"{file}: damaged ({error})") from None


def _class_names(file: Path) -> tuple[str, ...]:
    """Names of the `ClassLabel` feature that the schema describes, if any."""
    _, label = _columns(file)
    described = json.loads((pq.read_schema(file).metadata or {}).get(b"huggingface", b"{}"))
    return tuple(described.get("info", {}).get("features", {}).get(label, {}).get("names", ()))


def _columns(file: Path) -> tuple[str, str]:
    """Names of the image column (a struct with `bytes`) and of the label column (integers)."""
    try:
        schema = pq.read_schema(file)
    except pa.ArrowInvalid as error:
        raise SettingsError(f"{file}: not a whole parquet file ({error})") from None
    images = [
        field.name for field in schema if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    ]
    labels = [field.name for field in schema if pa.types.is_integer(field.type)]
    if len(images) != 1 or len(labels) != 1:
        raise SettingsError(
            f"{file}: expected one column of images (struct with bytes) and one of integer labels, got "
            f"{', '.join(schema.names)}"
        )
    return images[0], labels[0]
