"""Features and labels from files of many formats: what was read, and what of the file was left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import BINARY, SEVERAL, Array, load
from twin_alignment.features.cells import SEPARATORS
from twin_alignment.features.table_files import LARGEST, MISSING, read_label_column, read_numbers
from twin_alignment.measures.tensors import as_tensor

FORMATS = (*BINARY, *SEPARATORS)


@dataclass(frozen=True)
class Features:
    """Features [N, d] of a file."""

    source: str  # as it can be printed and written: bytes that are not UTF-8 are spelled out
    values: Tensor
    note: str
    names: pd.Index | None = None  # of rows

    @property
    def text(self) -> str:
        rows, columns = self.values.shape
        return f"{self.source}: {rows} rows, {columns} columns{'; ' + self.note if self.note else ''}"


@dataclass(frozen=True)
class Labels:
    """Class labels [N] of a file."""

    values: Tensor
    note: str
    names: pd.Index | None = None  # of rows


def read_features(source: str, key: str | None = None) -> Features:
    """Features of a file.

    Args:
        source: `FILE`, or `FILE:NAME` of one of several arrays.
        key: column of a text file that names the rows.

    Raises:
        InputError: the file cannot be read, or holds something else, in one sentence.
    """
    array = read_array(source, key)
    try:
        values = as_tensor(array.values, source)
    except ValueError as error:
        raise InputError(str(error)) from None
    if values.ndim != 2 or values.numel() == 0:
        shape = tuple(values.shape)
        raise InputError(f"{source}: shape {shape}, expected [rows, dimensions] with at least one of each")
    return Features(source.encode(errors="backslashreplace").decode(), values, array.note, array.names)


def read_labels(source: str, rows: int) -> Tensor:
    """Class labels [N] as integers, of whole numbers or of words, in the order of the file.

    Args:
        source: `FILE`, or `FILE:NAME` of one of several arrays.
        rows: how many labels are expected.

    Raises:
        InputError: the file cannot be read, or holds something else, in one sentence.
    """
    return read_named_labels(source, rows).values


def read_named_labels(source: str, rows: int, key: str | None = None) -> Labels:
    """Labels as `read_labels` has them, and names of their rows; `key` is the column of these in a text file."""
    path = Path(source)
    text = path.suffix.lower() in SEPARATORS and path.is_file()
    array = read_label_column(path, rows, key) if text else read_array(source)
    return Labels(_label_tensor(source, array, rows), array.note, array.names)


def _label_tensor(source: str, array: Array, rows: int) -> Tensor:
    values = array.values
    values = values.reshape(-1) if values.ndim == 2 and 1 in values.shape else values  # MATLAB's vectors have two
    if values.shape != (rows,):
        hint = f" ({array.note})" if array.note else ""
        raise InputError(f"{source}: shape {values.shape}{hint}, expected one label for each of the {rows} rows")
    if values.dtype.kind in "US":
        return _classes(source, values)
    if values.dtype.kind not in "biuf":
        raise InputError(f"{source}: holds {values.dtype}, allowed is whole numbers or words")
    if not (np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < LARGEST)).all():
        raise InputError(f"{source}: labels are not whole numbers (of less than 2^53) or words")
    return torch.from_numpy(values.astype(np.int64))


def read_array(source: str, key: str | None = None) -> Array:
    """The array of a file, or of `FILE:NAME` where a file holds several; raises InputError in one sentence."""
    path, name = _split(source)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path}: allowed is a file of one of the formats {', '.join(FORMATS)}")
    return read_numbers(path, key) if suffix in SEPARATORS else load(path, name)


def check_written(path: Path, sources: Iterable[str]) -> None:
    """Raises InputError, before anything is computed, for a file that cannot be written, or that is one of those
    that are read: nobody's features are written over."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: {path.parent} is no folder to write it into")
    read = (_split(source)[0] for source in sources)
    if path.exists() and any(one.exists() and path.samefile(one) for one in read):
        raise InputError(f"{path}: is read, and would be written over: allowed is another name")


def _split(source: str) -> tuple[Path, str | None]:
    """File and name of an array in it; names and files may have colons of their own."""
    colons = [place for place, letter in enumerate(source) if letter == ":" and not Path(source).is_file()]
    splits = [(Path(source[:place]), source[place + 1 :]) for place in colons]
    several = [(path, name) for path, name in splits if path.suffix.lower() in SEVERAL]
    return next((one for one in several if one[0].is_file()), several[0] if several else (Path(source), None))


def _classes(source: str, words: np.ndarray) -> Tensor:
    """Numbers of classes from 0, in the order of their words."""
    words = np.char.strip(np.char.decode(words, "latin-1") if words.dtype.kind == "S" else words)
    missing = np.isin(np.char.lower(words), MISSING)
    if missing.any():
        row = int(missing.argmax())
        raise InputError(f"{source}: label {row + 1} is missing ({str(words[row])!r}), allowed is one for every row")
    return torch.from_numpy(np.unique(words, return_inverse=True)[1].astype(np.int64))
