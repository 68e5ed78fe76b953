"""Names of rows, by which two tables of the same inputs are joined."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from torch import Tensor

from twin_alignment.lazy_pandas import is_of_pandas, pd
from twin_alignment.measures.tensors import as_tensor

ONE_SIDED = "{unnamed} has no names of rows: taken to be in the order of {named}"
MAX_LISTED = 3  # names in an error
LABEL_NAMES = ("label", "labels", "class", "classes", "target", "targets")  # of columns, of any case
MIN_COUNTED = 5  # rows from which whole numbers, each once, are no coincidence


def joined_tensors(first: Any, second: Any, first_name: str, second_name: str) -> tuple[Tensor, Tensor, str]:
    """Return two arrays as tensors, rows of tables of pandas joined by their index, and a note, which is a warning too.

    Raises ValueError as `check_columns`, `as_tensor` and `join` do.
    """
    tensors = as_tensor(first, first_name), as_tensor(second, second_name)
    for values, name in ((first, first_name), (second, second_name)):
        check_columns(values, name)
    order, note = join(row_names(first, first_name), row_names(second, second_name), first_name, second_name)
    if note:
        warnings.warn(note, stacklevel=3)
    return tensors[0], tensors[1] if order is None else tensors[1][order], note


def check_columns(values: Any, name: str) -> None:
    """Raise ValueError for a table of pandas with a column of labels or ids beside others."""
    if not is_of_pandas(values) or not isinstance(values, pd.DataFrame) or values.shape[1] < 2:
        return
    integer = [pd.api.types.is_integer_dtype(dtype) for dtype in values.dtypes]
    for place, title in enumerate(values.columns):
        column, reason = values.iloc[:, place], ""
        if str(title).lower() in LABEL_NAMES:
            reason = "is called as labels are"
        elif integer[place] and not all(integer) and len(values) > MIN_COUNTED and column.is_unique:
            reason = "holds whole numbers, each once,"
        if reason:
            raise ValueError(f"{name}: column {title!r} {reason} and is no feature: leave it out, or make it the index")


def row_names(values: Any, name: str) -> pd.Index | None:
    """Return the index of a table of pandas as words, None without one; raises ValueError for a missing name."""
    if not is_of_pandas(values) or not isinstance(values, pd.DataFrame | pd.Series):
        return None
    missing = values.index.to_frame(index=False).isna().any(axis=1).to_numpy()
    if missing.any():
        raise ValueError(f"{name}: row {int(missing.argmax())} has a missing name, expected one for every row")
    return pd.Index([str(label) for label in values.index])


def is_default(names: pd.Index | None) -> bool:
    """Return True for pandas' default index, which counts the rows from 0."""
    return names is not None and names.equals(pd.Index([str(row) for row in range(len(names))]))


def join(
    first: pd.Index | None, second: pd.Index | None, first_name: str, second_name: str
) -> tuple[np.ndarray | None, str]:
    """Return the order of the second side's rows in which their names are those of the first.

    A default index counts as names only where the other side has the same ones.

    Args:
        first: names of the first side's rows. None: no names.
        second: those of the second side.
        first_name: name of the first side in notes and errors.
        second_name: name of the second side.

    Returns:
        Rows [N] of the second side, None where they keep their order, and a note.

    Raises:
        ValueError: a name is repeated, or one side alone has it.
    """
    if first is not None and second is not None:
        if set(first) == set(second) or not (is_default(first) or is_default(second)):
            return _joined(first, second, first_name, second_name)
        first, second = (None if is_default(names) else names for names in (first, second))
    named = [side for side, names in ((first_name, first), (second_name, second)) if names is not None]
    if len(named) != 1 or all(names is None or is_default(names) for names in (first, second)):
        return None, ""
    return None, ONE_SIDED.format(named=named[0], unnamed=second_name if named[0] == first_name else first_name)


def _joined(first: pd.Index, second: pd.Index, first_name: str, second_name: str) -> tuple[np.ndarray | None, str]:
    for names, side in ((first, first_name), (second, second_name)):
        if not names.is_unique:
            repeated = names[names.duplicated()][0]
            raise ValueError(f"{side}: row name {repeated!r} is repeated, expected every name once")
    for have, side, expected, lacking in (
        (first, first_name, second, second_name),
        (second, second_name, first, first_name),
    ):
        extra = have.difference(expected, sort=False)
        if len(extra):
            listed = ", ".join(map(repr, extra[:MAX_LISTED])) + (", ..." if len(extra) > MAX_LISTED else "")
            raise ValueError(f"{lacking}: has no row named {listed}, expected the names of {side}")
    order = second.get_indexer(first)
    moved = int((order != np.arange(len(order))).sum())
    if moved:
        return order, f"{second_name}: reordered {moved} rows by name, to the order of {first_name}"
    return None, "" if is_default(first) else f"{second_name}: rows have the names of {first_name}, in the same order"
