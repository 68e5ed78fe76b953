"""Columns of lists in Arrow tables, as arrays."""

from pathlib import Path
from typing import Any

import numpy as np

from twin_alignment.errors import InputError
from twin_alignment.features.optional_module import optional_module


def is_list(kind: Any, path: Path) -> bool:
    """Return True for a type of pyarrow of lists of numbers, or of lists of such lists."""
    types = optional_module("pyarrow.types", "tables", path)
    if types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind):
        inner = kind.value_type
        numeric = types.is_integer(inner) or types.is_floating(inner) or types.is_boolean(inner)
        return numeric or is_list(inner, path)
    return False


def list_array(path: Path, title: str, column: Any, missing: bool) -> np.ndarray:
    """Array [N, d] of a column of lists of d numbers, or [N, T, d] of lists of lists.

    Args:
        path: the file, for errors.
        title: name of the column, for errors.
        column: pyarrow's column.
        missing: read missing numbers and lists as NaN.

    Raises:
        InputError: lists differ in length, or a number or a list is missing.
    """
    values = _stacked(f"{path}: column {title}", column.combine_chunks(), path)
    lacking = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    if not missing and lacking.any():
        row, *place = (int(axis[0]) for axis in lacking.nonzero())
        where = f"{path}: row {row}, column {title}: number {', '.join(map(str, place))}"
        raise InputError(f"{where} is missing, expected all filled: --drop-missing leaves such rows out by name")
    return values


def _stacked(what: str, lists: Any, path: Path) -> np.ndarray:
    """Array with a row for each list; NaN for what is missing."""
    pyarrow, compute = (optional_module(module, "tables", path) for module in ("pyarrow", "pyarrow.compute"))
    lengths = compute.list_value_length(lists).to_numpy(zero_copy_only=False)  # NaN for a missing list
    present = np.asarray(lists.is_valid().to_numpy(zero_copy_only=False), bool)
    length = int(lengths[present][0]) if present.any() else 0
    wrong = present & (lengths != length)
    if wrong.any():
        row, first = int(wrong.argmax()), int(present.argmax())
        raise InputError(f"{what}: row {row} has {int(lengths[row])} entries, expected {length} as in row {first}")
    inner = compute.list_flatten(lists)
    if isinstance(inner, pyarrow.ChunkedArray):
        inner = inner.combine_chunks()
    if is_list(inner.type, path):
        flat = _stacked(what, inner, path)
    else:
        number = pyarrow.float64() if inner.null_count else pyarrow.uint8() if inner.type == pyarrow.bool_() else None
        flat = (inner if number is None else inner.cast(number)).to_numpy(zero_copy_only=False)
    filled = flat.reshape(int(present.sum()), length, *flat.shape[1:])
    if present.all():
        return filled
    values = np.full((len(present), *filled.shape[1:]), np.nan, np.result_type(filled, np.float16))
    values[present] = filled
    return values
