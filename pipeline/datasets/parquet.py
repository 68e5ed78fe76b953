"""Parquet files in the Hugging Face layout, of data sets that are downloaded by hand: they need an account and the
acceptance of terms, so nothing is fetched."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.class_folders import read_folders
from pipeline.datasets.decode import ImageFile
from pipeline.datasets.source_images import SourceImages, SourceSplit

_ROWS = 64  # read at once; larger pieces only cost memory


def read_parquet(
    spec: SourceSettings,
    usual: Path,
    repository: str,
    tests: tuple[str, ...] = ("validation", "val", "test"),
) -> SourceImages:
    """Parquet files `train-*` and those of the test split anywhere below the paths, otherwise trees of class folders.

    All are RGB. The test split is the first of `tests` that is there. Raises FileNotFoundError: what to put where.
    """
    paths = [Path(path) for path in spec.paths] or [usual]
    folders = tuple(name for name in tests if name != "validation")
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(
                f"{path}: not there; put the files train-*.parquet and {tests[0]}-*.parquet of the data set "
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
    names = _class_names(splits["train"])
    return SourceImages(names, *(_split(splits[name], spec.size) for name in ("train", tested)))


def _split(files: list[Path], size: int | None) -> SourceSplit:
    count = sum(_open(file).metadata.num_rows for file in files)
    return SourceSplit(count, _rows(files, size))


def _rows(files: list[Path], size: int | None) -> Iterator[tuple[ImageFile, int]]:
    """Image and label of every row, in the order of the files."""
    for file in files:
        opened = _open(file)
        image, label = _columns(file, opened.schema_arrow)
        row = 0
        for batch in _batches(file, opened, [f"{image}.bytes", label]):
            contents = batch.column(image).field("bytes")
            for data, number in zip(contents, batch.column(label).to_pylist(), strict=True):
                name = f"{file} row {row}"
                if not data.is_valid or number is None:
                    raise SettingsError(f"{name}: has no {'label' if data.is_valid else 'image'}")
                yield ImageFile(name, data.as_py(), "RGB", size), number
                row += 1


def _batches(file: Path, opened: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        yield from opened.iter_batches(_ROWS, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise SettingsError(f"{file}: damaged ({error})") from None


def _class_names(files: list[Path]) -> tuple[str, ...]:
    """Names of the `ClassLabel` feature that the schema describes, otherwise the labels themselves."""
    schema = _open(files[0]).schema_arrow
    _, label = _columns(files[0], schema)
    described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    feature = described.get("info", {}).get("features", {}).get(label, {})
    if "names" in feature:
        return tuple(feature["names"])
    largest = max(pc.max(_open(file).read([label]).column(label)).as_py() for file in files)
    return tuple(map(str, range(largest + 1)))


def _columns(file: Path, schema: pa.Schema) -> tuple[str, str]:
    """Names of the image column (a struct with `bytes`) and of the label column (integers)."""
    images = [
        field.name for field in schema if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    ]
    labels = [field.name for field in schema if pa.types.is_integer(field.type)]
    if len(images) != 1 or len(labels) != 1:
        raise SettingsError(
            f"{file}: has the columns {', '.join(schema.names)}; needed are one of images (struct with bytes) "
            "and one of integer labels"
        )
    return images[0], labels[0]


def _open(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except pa.ArrowInvalid as error:
        raise SettingsError(f"{file}: not a whole parquet file ({error})") from None
