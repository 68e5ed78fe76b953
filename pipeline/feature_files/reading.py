"""Features and labels from files of many formats: what was read, and what of the file was left out."""

import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.io import loadmat
from torch import Tensor

from pipeline.settings.base import SettingsError

SEVERAL = (".npz", ".safetensors", ".mat", ".pt", ".pth")  # may hold more than one array
TEXT = {".csv": ",", ".tsv": "\t"}
FORMATS = (".npy", *SEVERAL, *TEXT)
SHOWN = 3  # names of a header that are repeated
LEAST_COUNTED = 5  # rows from which a column 0, 1, 2, ... is no coincidence
LARGEST_LABEL = 2**53  # whole numbers beyond are not exact in float64


@dataclass(frozen=True)
class Array:
    """An array as it was read, and in words what else its file says."""

    values: np.ndarray
    note: str = ""


@dataclass(frozen=True)
class Features:
    """Features [N, d] of a file."""

    source: str
    values: Tensor
    note: str

    @property
    def text(self) -> str:
        rows, columns = self.values.shape
        return f"{self.source}: {rows} rows, {columns} columns{'; ' + self.note if self.note else ''}"


def read_features(source: str) -> Features:
    """Features [N, d] of `FILE` or `FILE:NAME`; raises SettingsError in one sentence."""
    array = read_array(source)
    values = array.values
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool) or np.iscomplexobj(values):
        raise SettingsError(f"{source}: holds {values.dtype}, allowed is real numbers")
    if values.ndim != 2 or values.size == 0:
        raise SettingsError(f"{source}: shape {values.shape}, allowed is [rows, dimensions] with at least one of each")
    if values.dtype.kind == "f" and values.dtype.itemsize <= 8:  # as it is: large files are not copied
        return Features(source, torch.from_numpy(np.ascontiguousarray(values)), array.note)
    return Features(source, torch.from_numpy(values.astype(np.float64)), array.note)


def read_labels(source: str, rows: int) -> Tensor:
    """Class labels [N] as integers, of whole numbers or of words; raises SettingsError in one sentence."""
    path = Path(source)
    separator = TEXT.get(path.suffix.lower())
    array = _label_column(path, separator, rows) if separator and path.is_file() else read_array(source)
    values = array.values
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != (rows,):
        hint = f" ({array.note})" if array.note else ""
        raise SettingsError(f"{source}: shape {values.shape}{hint}, allowed is one label for each of the {rows} rows")
    if values.dtype.kind in "US":
        return torch.from_numpy(np.unique(values, return_inverse=True)[1].astype(np.int64))
    if values.dtype.kind not in "biuf":
        raise SettingsError(f"{source}: holds {values.dtype}, allowed is whole numbers or words")
    if not (np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < LARGEST_LABEL)).all():
        raise SettingsError(f"{source}: labels are not whole numbers (of less than 2^53) or words")
    return torch.from_numpy(values.astype(np.int64))


def read_array(source: str) -> Array:
    """The array of a file, or of `FILE:NAME` where a file holds several; raises SettingsError in one sentence."""
    path, name = _split(source)
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    suffix = path.suffix.lower()
    try:
        if suffix in TEXT:
            return _text(path, TEXT[suffix])
        if suffix == ".npy":
            found: Any = np.load(path, allow_pickle=False)
        elif suffix in SEVERAL:
            found = _LOADERS[suffix](path, name)
        else:
            raise SettingsError(f"{path}: allowed is a file of one of the formats {', '.join(FORMATS)}")
    except SettingsError:
        raise
    except (
        ValueError,
        EOFError,
        OSError,
        KeyError,
        RuntimeError,
        TypeError,
        SafetensorError,
        zipfile.BadZipFile,
    ) as error:
        pickled = " (pickled objects are not read, as they can run any code)" if "pickle" in str(error).lower() else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(f"{path}: not a readable {suffix} array{pickled}: {reason}") from None
    return Array(_native(found))


def _split(source: str) -> tuple[Path, str | None]:
    path, colon, name = source.rpartition(":")
    return (Path(path), name) if colon and Path(path).suffix.lower() in SEVERAL else (Path(source), None)


def _native(found: np.ndarray | Tensor) -> np.ndarray:
    """NumPy, in this machine's order of bytes; types that NumPy does not have (bfloat16) as float32."""
    if isinstance(found, Tensor):
        found = (found.float() if found.dtype in (torch.bfloat16, torch.float16) else found).detach().cpu().numpy()
    return np.asarray(found, dtype=found.dtype.newbyteorder("="))


def _npz(path: Path, name: str | None) -> np.ndarray:
    with np.load(path, allow_pickle=False) as arrays:
        chosen: np.ndarray = arrays[_chosen(path, name, list(arrays.files))]
    return chosen


def _safetensors(path: Path, name: str | None) -> Tensor:
    tensors = load_file(path)
    return tensors[_chosen(path, name, list(tensors))]


def _mat(path: Path, name: str | None) -> np.ndarray:
    """MATLAB up to 7.2; version 7.3 is another format (HDF5), which SciPy names in its refusal."""
    arrays = {key: value for key, value in loadmat(path).items() if not key.startswith("__")}
    chosen: np.ndarray = arrays[_chosen(path, name, list(arrays))]
    return chosen


def _pt(path: Path, name: str | None) -> Tensor:
    """Tensors alone (`weights_only`): a tensor, or a dictionary of them."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # whose own message recommends to run the file's code
        raise SettingsError(f"{path}: holds more than tensors, and what can run code is not read") from None
    if isinstance(found, Tensor):
        if name is not None:
            raise SettingsError(f"{path}: holds one tensor without names, not {name!r}")
        return found
    if not isinstance(found, Mapping):
        raise SettingsError(f"{path}: holds {type(found).__name__}, allowed is a tensor or a dictionary of tensors")
    tensors = {str(key): value for key, value in found.items() if isinstance(value, Tensor)}
    return tensors[_chosen(path, name, list(tensors))]


_LOADERS: dict[str, Callable[[Path, str | None], Any]] = {
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _mat,
    ".pt": _pt,
    ".pth": _pt,
}


def _chosen(path: Path, name: str | None, names: list[str]) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name in names:
        return str(name)
    listed = ", ".join(sorted(names)) or "none"
    wanted = f"no array {name!r}" if name else f"{len(names)} arrays"
    raise SettingsError(f"{path}: {wanted}; name one as {path}:NAME, it has: {listed}")


def _text(path: Path, separator: str) -> Array:
    """A row of numbers a line. The first line is a header where a cell of it is no number, or where it counts the
    columns, as pandas writes it; a first column without a name is pandas' index and is left out. A column that only
    counts the rows is no feature, and is refused."""
    cells = _first_line(path, separator)
    has_index = len(cells) > 1 and cells[0] == ""
    counted = len(cells) > 1 and cells[has_index:] == [str(column) for column in range(len(cells) - has_index)]
    if counted and cells == ["0", "1"]:
        raise SettingsError(f"{path}: its first line, 0,1, may be a header or a row: name the columns otherwise")
    header = counted or not all(map(_is_number, cells))
    table = _table(path, separator, header=0 if header else None, index_col=0 if has_index else None)
    words = [str(name) for name, column in table.items() if not pd.api.types.is_numeric_dtype(column)]
    if words:
        raise SettingsError(f"{path}: column {words[0]} is not numeric, allowed is numbers alone")
    for name, column in table.items():
        if len(column) > LEAST_COUNTED and any(
            (column == np.arange(start, start + len(column))).all() for start in (0, 1)
        ):
            raise SettingsError(f"{path}: column {name} counts the rows and is no feature: leave it out")
    names = list(map(str, table.columns))
    notes = [f"header {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}" if header else "no header"]
    return Array(table.to_numpy(), ", ".join([*notes, *(["index column left out"] if has_index else [])]))


def _label_column(path: Path, separator: str, rows: int) -> Array:
    """One column, or one beside pandas' index; with a line more than there are rows the first is a header."""
    has_index = len(cells := _first_line(path, separator)) > 1 and cells[0] == ""
    table = _table(path, separator, header=None, dtype=str, keep_default_na=False)
    header = len(table) == rows + 1 or has_index
    table = table.iloc[int(header) :, int(has_index) :]
    try:
        return Array(table.to_numpy(float), f"header {cells[-1]}" if header else "no header")
    except ValueError:
        return Array(table.to_numpy(str), f"header {cells[-1]}" if header else "no header")


def _first_line(path: Path, separator: str) -> list[str]:
    first = _table(path, separator, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0]
    return [str(cell).strip() for cell in first]


def _table(path: Path, separator: str, **options: Any) -> pd.DataFrame:
    try:
        found: pd.DataFrame = pd.read_csv(path, sep=separator, **options)
    except pd.errors.EmptyDataError:
        raise SettingsError(f"{path}: the file is empty") from None
    except pd.errors.ParserError as error:
        raise SettingsError(f"{path}: rows of different lengths: {str(error).strip()}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not text in UTF-8") from None
    return found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
