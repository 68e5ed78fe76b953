"""Features and names of rows from text files."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import Array
from twin_alignment.features.cells import SEPARATORS, FirstLine, first_line, is_number, read_body
from twin_alignment.features.headers import has_header
from twin_alignment.measures.row_names import LABEL_NAMES, MIN_COUNTED, is_default

MAX_LISTED = 3  # names of a header in a note
MAX_EXACT = 2**53  # whole numbers beyond are not exact in float64
MISSING = ("", "nan", "<na>", "na", "n/a", "null", "none")  # as words, of any case
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
PADDED = re.compile(r"[+-]?0[0-9]+|-0")  # whole numbers as nobody writes them


def read_numbers(path: Path, key: str | None = None) -> Array:
    """Features and names of rows from a text file, a row a line.

    Names of rows are pandas' index (a first column without a name), the only column of words, or the column `key`.
    Columns called `label` or `class` are left out, with a note.

    Args:
        path: a .csv or .tsv.
        key: name of the column of names; its number from 1 where there is no header.

    Raises:
        InputError: a cell is empty or no number, a column holds ids, or line 1 may be a header or a row.
    """
    first = first_line(path)
    header = has_header(first)
    table = read_body(first, header)
    titles = [str(column) for column in table.columns]
    dropped = [at for at, title in enumerate(titles) if header and title.lower() in LABEL_NAMES and title != key]
    place, unused = _names_place(first, table, dropped, key)
    dropped = sorted({*dropped, *unused})
    features = [at for at in range(len(titles)) if at != place and at not in dropped]
    values = table.iloc[:, features].apply(_as_numbers, path=path)
    _check_features(first, values)
    notes = [listed("header", list(map(str, values.columns))) if header else "no header"]
    if place is not None:
        notes.append(f"rows named by {f'column {titles[place]}' if titles[place] else 'the index'}")
    notes += [listed("left out:", [titles[at] or "the index" for at in dropped])] if dropped else []
    integer = [str(name) for name, column in values.items() if column.dtype.kind == "i"]
    notes += [listed("whole numbers in", integer)] if len(integer) < values.shape[1] and integer else []
    commas = len(integer) == 2 == values.shape[1] and not header and first.separator == ","
    notes += ["unless its commas are decimal"] if commas and len(values) > MIN_COUNTED else []
    notes += [f"separated by {first.separator!r}"] if first.separator != SEPARATORS[path.suffix.lower()] else []
    names = None if place is None else _names(first, header, place)
    return Array(values.to_numpy(np.float64), ", ".join(notes), names)


def key_place(first: FirstLine, table: pd.DataFrame, key: str) -> int:
    """Place of the column `key`; raises InputError where it is missing or repeated."""
    titles = [str(column) for column in table.columns]
    if titles.count(key) != 1:
        raise InputError(f"{first.path}: {titles.count(key)} columns {key!r}, expected one of {', '.join(titles)}")
    return titles.index(key)


def is_words(column: pd.Series) -> bool:
    """Return True where no cell is, or may be meant as, a number, and not all are missing."""
    if pd.api.types.is_numeric_dtype(column):
        return False
    cells = column.astype(str).str.strip()
    numbers = any(is_number(cell) or DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return not numbers and not all(cell.lower() in MISSING for cell in cells)


def listed(title: str, names: Sequence[str]) -> str:
    """Title with its first names."""
    return f"{title} {', '.join(names[:MAX_LISTED])}{', ...' if len(names) > MAX_LISTED else ''}"


def _names_place(
    first: FirstLine, table: pd.DataFrame, dropped: Sequence[int], key: str | None
) -> tuple[int | None, list[int]]:
    """Column of names of rows, if there is one, and those that are left out as it is chosen."""
    index = [0] if first.has_index else []
    words = [at for at in range(table.shape[1]) if at not in (*index, *dropped) and is_words(table.iloc[:, at])]
    if key is not None:
        place = key_place(first, table, key)
        return place, [at for at in (*index, *words) if at != place]
    if not words:
        return (0 if index else None), []
    if len(words) == 1 and (not index or is_default(_names(first, True, 0))):
        repeated = table.iloc[:, words[0]].duplicated()
        if repeated.any():
            row, title = int(repeated.argmax()), table.columns[words[0]]
            cell = f"line {table.index[row]}, column {title}: {table.iloc[row, words[0]]!r}"
            raise InputError(f"{first.path}: {cell} is repeated, expected numbers, or a name of the row")
        return words[0], index
    titles = ", ".join(str(table.columns[at]) or "the index" for at in (*index, *words))
    raise InputError(f"{first.path}: columns {titles} all hold words, expected one that names the rows: see --key")


def _names(first: FirstLine, header: bool, place: int) -> pd.Index:
    """Names of rows, as text."""
    names = read_body(first, header, dtype=str).iloc[:, place].str.strip()
    missing = names.str.lower().isin(MISSING)
    if missing.any():
        raise InputError(f"{first.path}: line {names.index[int(missing.argmax())]}: the name of the row is missing")
    return pd.Index(names)


def _as_numbers(column: pd.Series, path: Path) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column
    cells = column.astype(str).str.strip()
    wrong = ~cells.map(is_number)
    if wrong.any():
        row = int(wrong.argmax())
        hint = ", as decimals follow a point" if DECIMAL_COMMA.fullmatch(cells.iloc[row]) else ""
        place = f"line {column.index[row]}, column {column.name}"
        raise InputError(f"{path}: {place}: {cells.iloc[row]!r} is no number{hint}")
    return cells.astype(np.float64)


def _check_features(first: FirstLine, values: pd.DataFrame) -> None:
    """Refuse ids, and numbers whose decimal commas were taken for separators."""
    if values.empty:
        raise InputError(f"{first.path}: no column of features")
    integer = [name for name, column in values.items() if column.dtype.kind in "iu"]
    padded = next((cell for cells in first.sample for cell in cells if PADDED.fullmatch(cell)), None)
    if padded is not None and len(integer) == values.shape[1]:
        raise InputError(
            f"{first.path}: {padded!r} is no number: expected points before decimals, or ids named by --key"
        )
    for name, column in values.items():
        if column.dtype.kind == "f" and not (column == column.round()).all():
            continue
        if not column.abs().max() <= MAX_EXACT:
            raise InputError(f"{first.path}: column {name} holds {column.abs().max()}, expected at most 2^53")
        counts = any((column == np.arange(start, start + len(column))).all() for start in (0, 1))
        if len(column) > MIN_COUNTED and (counts or (len(integer) < values.shape[1] and column.is_unique)):
            reason = "counts the rows" if counts else "holds whole numbers, each once,"
            advice = f"leave it out, or name rows by --key {name}"
            raise InputError(f"{first.path}: column {name} {reason} and is no feature: {advice}")
