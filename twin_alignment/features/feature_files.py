"""Features and labels from files of many formats, with notes on what was read and what was left out."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import BINARY, CONTAINERS, Array, load
from twin_alignment.features.cells import SEPARATORS
from twin_alignment.features.label_files import read_label_column
from twin_alignment.features.table_files import MAX_EXACT, MISSING, read_numbers
from twin_alignment.measures.feature_set import FeatureSet
from twin_alignment.measures.tensors import as_tensor

FEATURE_FORMATS = (*BINARY, *SEPARATORS)


def read_features(source: str, key: str | None = None) -> FeatureSet:
    """Features [N, d] of a file, with names of rows where it has them.

    Args:
        source: `FILE`, or `FILE:NAME` of one of several arrays.
        key: column of a text file that names the rows. None: pandas' index, or the only column of words.

    Raises:
        InputError: the file cannot be read, or holds no features, in one sentence.

    Example:
        >>> import tempfile
        >>> path = f"{tempfile.mkdtemp()}/a.csv"
        >>> _ = Path(path).write_text("image,x,y\\nb.png,1.5,2\\na.png,3.5,4\\n")
        >>> read_features(path).note
        'header x, y, rows named by column image, whole numbers in y'
    """
    array = read_array(source, key)
    try:
        values = as_tensor(array.values, source)
    except ValueError as error:
        raise InputError(str(error)) from None
    if values.ndim != 2 or values.numel() == 0:
        shape = tuple(values.shape)
        raise InputError(f"{source}: shape {shape}, expected [rows, dimensions] with at least one of each")
    printable = source.encode(errors="backslashreplace").decode()  # of names that are not UTF-8
    return FeatureSet(values, printable, row_names=array.names, note=array.note)


def read_labels(source: str, rows: int) -> Tensor:
    """Class labels [N] as integers, of whole numbers or of words, in the order of the file.

    Args:
        source: `FILE`, or `FILE:NAME` of one of several arrays.
        rows: expected number of labels.

    Raises:
        InputError: the file cannot be read, or holds no such labels, in one sentence.

    Example:
        >>> import tempfile
        >>> path = f"{tempfile.mkdtemp()}/labels.csv"
        >>> _ = Path(path).write_text("dog\\ncat\\ndog\\n")
        >>> read_labels(path, rows=3)
        tensor([1, 0, 1])
    """
    return read_named_labels(source, rows).features


def read_named_labels(source: str, rows: int, key: str | None = None) -> FeatureSet:
    """Labels of `read_labels` with names of their rows; `key` is the column of these in a text file."""
    path = Path(source)
    is_text = path.suffix.lower() in SEPARATORS and path.is_file()
    array = read_label_column(path, rows, key) if is_text else read_array(source)
    return FeatureSet(_label_tensor(source, array, rows), source, row_names=array.names, note=array.note)


def read_array(source: str, key: str | None = None) -> Array:
    """Array of a file, or of `FILE:NAME` where a file holds several; raises InputError in one sentence."""
    path, name = path_and_name(source)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix not in FEATURE_FORMATS:
        raise InputError(f"{path}: expected a file of one of the formats {', '.join(FEATURE_FORMATS)}")
    return read_numbers(path, key) if suffix in SEPARATORS else load(path, name)


def path_and_name(source: str) -> tuple[Path, str | None]:
    """File and name of an array in it; both may have colons."""
    colons = [place for place, letter in enumerate(source) if letter == ":" and not Path(source).is_file()]
    splits = [(Path(source[:place]), source[place + 1 :]) for place in colons]
    containers = [(path, name) for path, name in splits if path.suffix.lower() in CONTAINERS]
    return next((split for split in containers if split[0].is_file()), (*containers, (Path(source), None))[0])


def _label_tensor(source: str, array: Array, rows: int) -> Tensor:
    values = array.values
    values = values.reshape(-1) if values.ndim == 2 and 1 in values.shape else values  # MATLAB's vectors have two
    if values.shape != (rows,):
        hint = f" ({array.note})" if array.note else ""
        raise InputError(f"{source}: shape {values.shape}{hint}, expected one label for each of the {rows} rows")
    if values.dtype.kind in "US":
        return _class_numbers(source, values)
    if values.dtype.kind not in "biuf":
        raise InputError(f"{source}: expected whole numbers or words, got {values.dtype}")
    if not (np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < MAX_EXACT)).all():
        raise InputError(f"{source}: labels are not whole numbers (of less than 2^53) or words")
    return torch.from_numpy(values.astype(np.int64))


def _class_numbers(source: str, words: np.ndarray) -> Tensor:
    """Numbers of classes from 0, in the order of their words."""
    words = np.char.strip(np.char.decode(words, "latin-1") if words.dtype.kind == "S" else words)
    missing = np.isin(np.char.lower(words), MISSING)
    if missing.any():
        row = int(missing.argmax())
        raise InputError(f"{source}: label {row + 1} is missing ({str(words[row])!r}), expected one for every row")
    return torch.from_numpy(np.unique(words, return_inverse=True)[1].astype(np.int64))
