"""Columns of a table of rows: those of features, that of names, and those that are left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import Array
from twin_alignment.features.cells import is_number
from twin_alignment.lazy_pandas import pd
from twin_alignment.measures.row_names import LABEL_NAMES, MIN_COUNTED, is_default

MAX_LISTED = 3  # names of a header in a note
MAX_EXACT = 2**53  # whole numbers beyond are not exact in float64
MISSING = ("", "nan", "<na>", "na", "n/a", "null", "none")  # as words, of any case
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")


@dataclass(frozen=True)
class Table:
    """Cells of a file.

    Attributes:
        path: the file.
        cells: columns by title, rows by their number in the file; an index is the first column and has no title.
        words: function of a column's place to its cells as text, as they are in the file.
        unit: what the file calls a row: line or row.
        header: True where titles are in the file, and no numbers.
        has_index: True where the first column is pandas' index.
        missing: True where cells may be missing.
    """

    path: Path
    cells: pd.DataFrame
    words: Callable[[int], pd.Series]
    unit: str
    header: bool
    has_index: bool
    missing: bool = False

    @property
    def titles(self) -> list[str]:
        """Titles of the columns."""
        return [str(column) for column in self.cells.columns]

    def title(self, place: int) -> str:
        """Title of a column in a note."""
        return self.titles[place] or "the index"

    def labels(self, key: str | None) -> list[int]:
        """Places of columns that are called as labels are, but for the column `key`."""
        return [
            at for at, title in enumerate(self.titles) if self.header and title.lower() in LABEL_NAMES and title != key
        ]


@dataclass(frozen=True)
class Roles:
    """Places of columns of a table."""

    names: int | None
    dropped: list[int]


def roles(table: Table, key: str | None) -> Roles:
    """Return the column of names of rows, if there is one, and the columns that are left out.

    Args:
        table: the table.
        key: title of the column of names. None: pandas' index, or the only column of words.

    Raises:
        InputError: there is no column `key`, or several may name rows, or the only one repeats a name.
    """
    titles, cells = table.titles, table.cells
    labels = table.labels(key)
    index = [0] if table.has_index else []
    words = [at for at in range(len(titles)) if at not in (*index, *labels) and is_words(cells.iloc[:, at])]
    if key is not None:
        place = key_place(table.path, titles, key)
        return Roles(place, sorted({*labels, *index, *words} - {place}))
    if not words:
        return Roles(0 if index else None, labels)
    if len(words) == 1 and (not index or is_default(names_of_rows(table, 0))):
        repeated = cells.iloc[:, words[0]].duplicated()
        if repeated.any():
            row = int(repeated.argmax())
            cell = f"{table.unit} {cells.index[row]}, column {titles[words[0]]}: {cells.iloc[row, words[0]]!r}"
            raise InputError(f"{table.path}: {cell} is repeated, expected numbers, or a name of the row")
        return Roles(words[0], sorted({*labels, *index}))
    several = ", ".join(table.title(at) for at in (*index, *words))
    raise InputError(f"{table.path}: columns {several} all hold words, expected one that names the rows: see --key")


def names_of_rows(table: Table, place: int) -> pd.Index:
    """Names of rows, as text; raises InputError where one is missing."""
    names = table.words(place).str.strip()
    missing = names.isna() | names.str.lower().isin(MISSING)
    if missing.any():
        where = f"{table.unit} {names.index[int(missing.argmax())]}"
        raise InputError(f"{table.path}: {where}: the name of the row is missing")
    return pd.Index(names)


def numbers(table: Table, places: Sequence[int]) -> pd.DataFrame:
    """Columns as numbers; raises InputError for a cell that is none, or missing where it may not be."""
    return table.cells.iloc[:, list(places)].apply(lambda column: _as_numbers(table, column))


def check_features(path: Path, values: pd.DataFrame) -> None:
    """Raise InputError where there are no features, or a column holds ids."""
    if values.empty:
        raise InputError(f"{path}: no column of features")
    integer = whole_columns(values)
    for name, filled in values.items():
        column = filled.dropna()
        if column.empty or (column.dtype.kind == "f" and not (column == column.round()).all()):
            continue
        if not column.abs().max() <= MAX_EXACT:
            raise InputError(f"{path}: column {name} holds {column.abs().max()}, expected at most 2^53")
        counts = any((column == np.arange(start, start + len(column))).all() for start in (0, 1))
        if len(column) > MIN_COUNTED and (counts or (len(integer) < values.shape[1] and column.is_unique)):
            reason = "counts the rows" if counts else "holds whole numbers, each once,"
            advice = f"leave it out, or name rows by --key {name}"
            raise InputError(f"{path}: column {name} {reason} and is no feature: {advice}")


def whole_columns(values: pd.DataFrame) -> list[str]:
    """Titles of columns of a type of whole numbers."""
    return [str(name) for name, column in values.items() if column.dtype.kind in "iu"]


def table_array(table: Table, values: pd.DataFrame, chosen: Roles, notes: Sequence[str] = ()) -> Array:
    """Features with names of rows, and a note on header, names and what was left out."""
    integer = whole_columns(values)
    texts = [listed("header", list(map(str, values.columns))) if table.header else "no header"]
    if chosen.names is not None:
        column = table.titles[chosen.names]
        texts.append(f"rows named by {f'column {column}' if column else 'the index'}")
    texts += [listed("left out:", [table.title(at) for at in chosen.dropped])] if chosen.dropped else []
    texts += [listed("whole numbers in", integer)] if len(integer) < values.shape[1] and integer else []
    names = None if chosen.names is None else names_of_rows(table, chosen.names)
    return Array(values.to_numpy(np.float64), ", ".join([*texts, *notes]), names)


def key_place(path: Path, titles: Sequence[str], key: str) -> int:
    """Place of the column `key`; raises InputError where it is missing or repeated."""
    if titles.count(key) != 1:
        raise InputError(f"{path}: {titles.count(key)} columns {key!r}, expected one of {', '.join(titles)}")
    return titles.index(key)


def as_words(column: pd.Series) -> pd.Series:
    """Cells as text; empty where they are missing."""
    return column.astype(object).where(column.notna(), "").map(str)


def is_words(column: pd.Series) -> bool:
    """Return True where no cell is, or may be meant as, a number, and not all are missing."""
    if pd.api.types.is_numeric_dtype(column):
        return False
    cells = as_words(column).str.strip()
    has_numbers = any(is_number(cell) or DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return not has_numbers and not all(cell.lower() in MISSING for cell in cells)


def are_names(column: pd.Series) -> bool:
    """Return True for words that name rows, and not classes: most occur once. A repeated name is refused later."""
    return is_words(column) and 2 * column.nunique() > len(column)


def listed(title: str, names: Sequence[str]) -> str:
    """Title with its first names."""
    return f"{title} {', '.join(names[:MAX_LISTED])}{', ...' if len(names) > MAX_LISTED else ''}"


def _as_numbers(table: Table, column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column
    cells = as_words(column).str.strip()
    lacking = cells.str.lower().isin(MISSING) & table.missing
    wrong = ~(cells.map(is_number) | lacking)
    if wrong.any():
        row = int(wrong.argmax())
        hint = ", as decimals follow a point" if DECIMAL_COMMA.fullmatch(cells.iloc[row]) else ""
        place = f"{table.unit} {column.index[row]}, column {column.name}"
        raise InputError(f"{table.path}: {place}: {cells.iloc[row]!r} is no number{hint}")
    return cells.mask(lacking, "nan").astype(np.float64)
