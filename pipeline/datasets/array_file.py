"""Arrays of a user's files: `X` and `y` of .npz, .safetensors or Parquet, as they are."""

import importlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.config.base import SettingsError
from twin_alignment.errors import InputError

PARQUET, SAFETENSORS = ".parquet", ".safetensors"
SUFFIXES = (".npz", SAFETENSORS, PARQUET)

Values = npt.NDArray[Any]


def array_names(path: Path) -> list[str]:
    """Names of a file's arrays; X and y of Parquet. Raises SettingsError for a missing or unreadable file."""
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"{path}: expected a file that ends in {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise SettingsError(f"{path}: no such file; its arrays are read from there")
    with _readable(path):
        names: list[str] = ["X", "y"] if path.suffix.lower() == PARQUET else _library().names_of_arrays(path)
        return names


def array(path: Path, name: str, label_column: str) -> Values:
    """Read one array. Raises SettingsError for a damaged file, or Parquet without the column of labels."""
    with _readable(path):
        if path.suffix.lower() == PARQUET:
            return _column(path, label_column) if name == "y" else _features(path, label_column)
        values: Values = _library().load(path, name).values
        return values


def array_shape(path: Path, name: str, label_column: str) -> tuple[int, ...]:
    """Shape of an array, from the file's header alone; raises as `array`."""
    with _readable(path):
        return _SHAPES[path.suffix.lower()](path, name, label_column)


def _library() -> ModuleType:
    """Reader of arrays; it imports torch, and plans read this module."""
    return importlib.import_module("twin_alignment.features.array_files")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the errors of damaged files into one sentence."""
    try:
        yield
    except SettingsError:
        raise
    except (InputError, zipfile.BadZipFile, ValueError, OSError, RuntimeError, LookupError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise SettingsError(reason if reason.startswith(str(path)) else f"{path}: not readable: {reason}") from None
    except Exception as error:  # safetensors has an error of its own kind
        raise SettingsError(f"{path}: not readable: {str(error).partition(chr(10))[0]}") from None


def _npz_shape(path: Path, name: str, _: str) -> tuple[int, ...]:
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        is_first = np.lib.format.read_magic(file) == (1, 0)
        read = np.lib.format.read_array_header_1_0 if is_first else np.lib.format.read_array_header_2_0
        shape: tuple[int, ...] = read(file)[0]
        return shape


def _safetensors_shape(path: Path, name: str, _: str) -> tuple[int, ...]:
    from safetensors import safe_open  # noqa: PLC0415  (plans read this module)

    with safe_open(path, "np") as tensors:
        return tuple(tensors.get_slice(name).get_shape())


def _parquet_shape(path: Path, _: str, label_column: str) -> tuple[int, ...]:
    import pyarrow.parquet as pq  # noqa: PLC0415  (few need it)

    schema = pq.read_schema(path)
    _check_column(path, label_column, schema.names)
    return pq.read_metadata(path).num_rows, len(schema.names) - 1


_SHAPES: dict[str, Callable[[Path, str, str], tuple[int, ...]]] = {
    ".npz": _npz_shape,
    SAFETENSORS: _safetensors_shape,
    PARQUET: _parquet_shape,
}


def _check_column(path: Path, label_column: str, columns: list[str]) -> None:
    if label_column not in columns:
        raise SettingsError(
            f"{path}: expected the labels in the column that `label_column` names, {label_column!r}, got the columns "
            f"{', '.join(columns[:8])}{', ...' if len(columns) > 8 else ''}"
        )


def _column(path: Path, label_column: str) -> Values:
    import pyarrow.parquet as pq  # noqa: PLC0415

    _check_column(path, label_column, pq.read_schema(path).names)
    values = pq.read_table(path, columns=[label_column])[label_column].to_pylist()
    if None in values:
        raise SettingsError(f"{path}: {label_column} of row {values.index(None)} is missing")
    return np.array(values)


def _features(path: Path, label_column: str) -> Values:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pq.read_table(path)
    _check_column(path, label_column, table.column_names)
    columns = []
    for name in table.column_names:
        if name == label_column:
            continue
        kind = table.schema.field(name).type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
            raise SettingsError(f"{path}: column {name!r}: expected numbers, got {kind}: encode it as numbers first")
        columns.append(table[name].cast(pa.float32()).to_numpy())
    return np.stack(columns, axis=1) if columns else np.zeros((len(table), 0), np.float32)
