"""Labels and names of their rows from text files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import Array
from twin_alignment.features.cells import FirstLine, first_line, is_number, read_body
from twin_alignment.features.table_columns import are_names, key_place, listed
from twin_alignment.lazy_pandas import pd
from twin_alignment.measures.row_names import LABEL_NAMES

NAMELESS = "0"  # pandas' header of a column without a name


def read_label_column(path: Path, rows: int | None, key: str | None = None) -> Array:
    """Labels and names of rows from a text file: its only column, one next to names of rows, or that called `label`.

    Args:
        path: a .csv or .tsv.
        rows: expected number of labels; with a line more, the first of a single column is a header. None: any.
        key: name of the column of names. None: pandas' index, or the only column of words.

    Raises:
        InputError: it is not clear which column holds the labels, or one is missing.
    """
    first = first_line(path)
    key = key if len(first.cells) > 1 else None  # a single column is in the order of the rows
    called = [cell.lower() in LABEL_NAMES for cell in first.cells]
    header = first.has_index or key is not None or (len(called) > 1 and any(called))
    table = read_body(first, header, dtype=str)
    place, names = 0, None
    dropped: list[int] = []
    if header or table.shape[1] > 1:
        place, names, dropped = _label_place(first, table, called, key)
    labels = table.iloc[:, place].str.strip()
    if not header and rows is not None and _has_label_header(path, labels, rows):
        header = True
        table, labels = table.iloc[1:], labels.iloc[1:]
    notes = [f"header {first.cells[place]}" if header else "no header"]
    notes += [listed("left out:", [str(table.columns[at]) for at in dropped])] if dropped else []
    index = None if names is None else pd.Index(table.iloc[:, names].str.strip())
    return Array(_label_values(path, labels), ", ".join(notes), index)


def _label_place(
    first: FirstLine, table: pd.DataFrame, called: Sequence[bool], key: str | None
) -> tuple[int, int | None, list[int]]:
    """Column of labels, that of names of rows if there is one, and those that are left out."""
    index = 0 if first.has_index else None
    names = index if key is None else key_place(first.path, list(map(str, table.columns)), key)
    columns = [at for at in range(table.shape[1]) if at not in (names, index)]
    words = [at for at in columns if are_names(table.iloc[:, at])]
    marked = [at for at in columns if called[at]]
    if not marked and names is None and len(columns) == 2 and len(words) == 1:
        marked = [at for at in columns if at not in words]
    if len(marked or columns) != 1:
        raise InputError(
            f"{first.path}: {table.shape[1]} columns, expected one of labels, or one called label next to names of rows"
        )
    (place,) = marked or columns
    words = [at for at in words if at != place]
    names = words[0] if names is None and len(words) == 1 else names
    return place, names, [at for at in columns if at not in (place, names)]


def _has_label_header(path: Path, column: pd.Series, rows: int) -> bool:
    """Return True where the first of these lines is a header; raises InputError where that would shift the labels."""
    first, rest = column.iloc[0], column.iloc[1:]
    if len(column) == rows + 1:
        if first != NAMELESS and (is_number(first) or (rest == first).any()):
            raise InputError(f"{path}: {rows + 1} labels for {rows} rows, as line 1, {first}, is no header")
        return True
    if len(column) == rows > 1 and not is_number(first) and all(map(is_number, rest)):
        raise InputError(f"{path}: {rows - 1} labels for {rows} rows, as line 1, {first}, is a header")
    return False


def _label_values(path: Path, labels: pd.Series) -> np.ndarray:
    """Numbers where all are, as long as different words are different numbers; words otherwise."""
    if not labels.map(is_number).all():
        return labels.to_numpy(str)
    numbers = labels.astype(np.float64)
    spellings = labels.groupby(numbers).nunique()
    if (spellings > 1).any():
        both = " and ".join(map(repr, labels[numbers == spellings.idxmax()].unique()[:2]))
        raise InputError(f"{path}: labels {both} are two words and one number, expected one spelling")
    return numbers.to_numpy()
