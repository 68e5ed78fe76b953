"""Features and labels from files of many formats, with notes on what was read and what was left out."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from twin_alignment import pooling
from twin_alignment.errors import InputError
from twin_alignment.features.array_files import BINARY, CONTAINERS, Array, load, names_of_arrays
from twin_alignment.features.arrow_files import ARROW
from twin_alignment.features.arrow_tables import names_of_columns, read_columns, read_label_columns
from twin_alignment.features.cells import SEPARATORS
from twin_alignment.features.label_files import read_label_column
from twin_alignment.features.table_columns import MAX_EXACT, MISSING
from twin_alignment.features.table_files import read_numbers
from twin_alignment.measures.feature_set import FeatureSet
from twin_alignment.measures.tensors import as_tensor

FEATURE_FORMATS = (*BINARY, *SEPARATORS, *ARROW)
EVERY = "*"  # as the name of an array: all arrays of the file


def read_features(
    source: str | Path, key: str | None = None, pool: str | None = None, missing: bool = False
) -> FeatureSet:
    """Features [N, d] of a file, with names of rows where it has them.

    Args:
        source: `FILE`, or `FILE:NAME` of one of several arrays.
        key: column of a table that names the rows. None: pandas' index, or the only column of words.
        pool: `mean` or `max` over tokens [N, T, d] or maps [N, d, H, W], `cls` (the first token) or `flatten`. None:
            only rows [N, d] are read. Maps [N, H, H, d] have their channels last where d is not H.
        missing: read missing cells of tables as NaN, in place of an error.

    Raises:
        InputError: the file cannot be read, or holds no features, in one sentence.

    Example:
        >>> import tempfile
        >>> path = f"{tempfile.mkdtemp()}/a.csv"
        >>> _ = Path(path).write_text("image,x,y\\nb.png,1.5,2\\na.png,3.5,4\\n")
        >>> read_features(path).note
        'header x, y, rows named by column image, whole numbers in y'
    """
    source = str(source)
    if pool not in (None, *pooling.POOLS):
        raise InputError(f"pool: expected one of {', '.join(pooling.POOLS)}, got {pool!r}")
    array = read_array(source, key, missing)
    try:
        values, note = _rows(as_tensor(array.values, source), source, pool)
    except ValueError as error:
        raise InputError(str(error)) from None
    printable = source.encode(errors="backslashreplace").decode()  # of names that are not UTF-8
    return FeatureSet(values, printable, row_names=array.names, note=", ".join(filter(None, (array.note, note))))


def read_all_features(source: str | Path, key: str | None = None, pool: str | None = None) -> dict[str, FeatureSet]:
    """Features of all arrays of a file by their names, as `compare_many` takes them.

    Args:
        source: file of several arrays.
        key: column of a table that names the rows.
        pool: see `read_features`.

    Raises:
        InputError: the file cannot be read, or one of its arrays holds no features, in one sentence.

    Example:
        >>> import tempfile
        >>> path = f"{tempfile.mkdtemp()}/a.npz"
        >>> np.savez(path, layer1=np.eye(5), layer2=np.eye(5)[:, :3])
        >>> {name: features.features.shape[1] for name, features in read_all_features(path).items()}
        {'layer1': 5, 'layer2': 3}
    """
    return {name: read_features(f"{source}:{name}", key, pool) for name in _names_in(Path(source))}


def expanded(source: str) -> list[tuple[str, str]]:
    """Sources of `FILE:*` with the names of their arrays; any other source, under its own name.

    Raises:
        InputError: `FILE:*` cannot be read, or its arrays have no names.
    """
    path, name = path_and_name(source)
    if name != EVERY:
        return [(source, source)]
    return [(f"{path}:{array}", array) for array in _names_in(path)]


def _names_in(path: Path) -> list[str]:
    """Names of all arrays of a file."""
    suffix = _checked_suffix(path)
    names = [] if suffix in SEPARATORS else names_of_columns(path) if suffix in ARROW else names_of_arrays(path)
    if not names:
        raise InputError(f"{path}: holds no arrays with names, expected {path} in place of {path}:{EVERY}")
    return names


def _rows(values: Tensor, source: str, pool: str | None) -> tuple[Tensor, str]:
    """Rows [N, d], and a note on how they were pooled; raises ValueError for another shape."""
    shape = tuple(values.shape)
    pooled = pool is not None and values.ndim in (3, 4)
    if values.numel() == 0 or not (values.ndim == 2 or pooled):
        hint = f", or --pool {' or '.join(pooling.POOLS)}" if values.ndim in (3, 4) and values.numel() else ""
        raise ValueError(f"{source}: shape {shape}, expected [rows, dimensions] with at least one of each{hint}")
    if not pooled or pool is None:
        return values, ""
    dtype = values.dtype if values.is_floating_point() and values.itemsize >= 4 else torch.float32
    if pool in ("cls", "flatten"):
        axes = "the first token" if pool == "cls" else f"{pool} of all positions"
    else:
        axes = f"{pool} over {' and '.join(f'axis {axis}' for axis in pooling.positions(shape, square=True))}"
    return pooling.pool(values, source, pool, square=True, dtype=dtype), f"{axes} of {list(shape)}"


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


def read_named_labels(source: str, rows: int | None, key: str | None = None) -> FeatureSet:
    """Labels of `read_labels` with names of their rows.

    Args:
        source: `FILE`, or `FILE:NAME` of one of several arrays.
        rows: expected number of labels. None: any, in a file that names the rows.
        key: column of a table that names the rows.

    Raises:
        InputError: the file cannot be read, or holds no such labels, in one sentence.
    """
    path, name = path_and_name(source)
    suffix = path.suffix.lower()
    if suffix in SEPARATORS and path.is_file():
        array = read_label_column(path, rows, key)
    else:
        array = read_label_columns(path, name, key) if suffix in ARROW and path.is_file() else read_array(source)
    if rows is None and array.names is None:
        raise InputError(f"{source}: has no names of rows, expected them as some rows are left out")
    count = len(array.values) if rows is None and array.values.ndim else rows or 0
    return FeatureSet(_label_tensor(source, array, count), source, row_names=array.names, note=array.note)


def read_array(source: str, key: str | None = None, missing: bool = False) -> Array:
    """Array of a file, or of `FILE:NAME` where a file holds several; raises InputError in one sentence."""
    path, name = path_and_name(source)
    suffix = _checked_suffix(path)
    if suffix in SEPARATORS:
        return read_numbers(path, key, missing)
    return read_columns(path, name, key, missing) if suffix in ARROW else load(path, name)


def _checked_suffix(path: Path) -> str:
    """Suffix of a file that can be read."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix not in FEATURE_FORMATS:
        raise InputError(f"{path}: expected a file of one of the formats {', '.join(FEATURE_FORMATS)}")
    return suffix


def path_and_name(source: str) -> tuple[Path, str | None]:
    """File and name of an array in it; both may have colons."""
    colons = [place for place, letter in enumerate(source) if letter == ":" and not Path(source).is_file()]
    splits = [(Path(source[:place]), source[place + 1 :]) for place in colons]
    containers = [(path, name) for path, name in splits if path.suffix.lower() in (*CONTAINERS, *ARROW)]
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
