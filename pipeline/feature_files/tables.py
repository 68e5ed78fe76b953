"""Numbers and labels from text files, a row a line: separator, header and index are recognised where they are
unambiguous, and all else is refused with its line."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.feature_files.arrays import Array
from pipeline.settings.base import SettingsError

SEPARATORS = {".csv": ",", ".tsv": "\t"}  # by suffix; where line 1 has none of these, it may be one of the others
OTHERS = ",;\t"
SHOWN = 3  # names of a header that are repeated
LEAST_COUNTED = 5  # rows from which a column 0, 1, 2, ... is no coincidence
NAMELESS = "0"  # pandas' header of a column without a name


@dataclass(frozen=True)
class _FirstLine:
    path: Path
    separator: str
    cells: list[str]  # without an empty one at the end, where lines end with a separator

    @property
    def has_index(self) -> bool:
        """Whether it is a header as pandas writes it above an index."""
        return len(self.cells) > 1 and self.cells[0] == ""


def read_numbers(path: Path) -> Array:
    """A row of numbers a line. The first line is a header where a cell of it is no number, or where it counts the
    columns from 0 as pandas does; a first column without a name is pandas' index and is left out. A column that only
    counts the rows is no feature, and is refused."""
    first = _first_line(path)
    names = first.cells[first.has_index :]
    counted = len(first.cells) > 1 and names == [str(column) for column in range(len(names))]
    if counted and first.cells == ["0", "1"]:
        raise SettingsError(f"{path}: its first line, 0,1, may be a header or a row: name the columns otherwise")
    header = counted or not all(map(_is_number, first.cells))
    if header:
        _check_header(first)
    table = _body(first, header)
    values = table.iloc[:, int(first.has_index) :].apply(_as_numbers, path=path)
    for name, column in values.items():
        if len(column) > LEAST_COUNTED and any(
            (column == np.arange(start, start + len(column))).all() for start in (0, 1)
        ):
            raise SettingsError(f"{path}: column {name} counts the rows and is no feature: leave it out")
    notes = [f"header {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}" if header else "no header"]
    notes += ["index column left out"] if first.has_index else []
    notes += [f"separated by {first.separator!r}"] if first.separator != SEPARATORS[path.suffix.lower()] else []
    return Array(values.to_numpy(np.float64), ", ".join(notes))


def read_label_column(path: Path, rows: int) -> Array:
    """One column, or one beside pandas' index; with a line more than there are rows the first is a header."""
    first = _first_line(path)
    table = _body(first, first.has_index, dtype=str)
    labels = table.iloc[:, int(first.has_index) :]
    header = first.has_index
    if not header and labels.shape[1] == 1:
        header = _has_header(path, labels.iloc[:, 0], rows)
        labels = labels.iloc[int(header) :]
    note = f"header {first.cells[-1]}" if header else "no header"
    try:
        return Array(labels.to_numpy(np.float64), note)
    except ValueError:
        return Array(labels.to_numpy(str), note)


def _first_line(path: Path) -> _FirstLine:
    try:
        with path.open(encoding="utf-8-sig") as file:
            line = file.readline()
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not text in UTF-8") from None
    if not line.strip():
        raise SettingsError(f"{path}: {'line 1' if line else 'the file'} is empty")
    usual = SEPARATORS[path.suffix.lower()]
    separator = usual if usual in line else next((other for other in OTHERS if other in line), usual)
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
    except csv.Error as error:
        raise SettingsError(f"{path}: line 1: {error}") from None
    return _FirstLine(path, separator, cells[:-1] if len(cells) > 1 and cells[-1] == "" else cells)


def _check_header(first: _FirstLine) -> None:
    if "" in first.cells[1:]:
        column = first.cells.index("", 1) + 1
        raise SettingsError(f"{first.path}: line 1, column {column} is empty, allowed is one index, the first column")
    numbers = [cell for cell in first.cells if _is_number(cell) and not cell.isdecimal()]
    if numbers:
        raise SettingsError(
            f"{first.path}: line 1 is a header or a row, as it holds {numbers[0]} and what is no number"
        )


def _body(first: _FirstLine, header: bool, **options: Any) -> pd.DataFrame:
    """Cells of all rows, none of them empty, by line of the file and by name or, without a header, number of column."""
    path = first.path
    try:
        table: pd.DataFrame = pd.read_csv(
            path,
            sep=first.separator,
            header=None,
            skiprows=int(header),
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
            **options,
        )
    except pd.errors.EmptyDataError:
        table = pd.DataFrame()
    except pd.errors.ParserError as error:
        raise SettingsError(f"{path}: rows of different lengths: {str(error).strip()}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not text in UTF-8") from None
    table.index = pd.RangeIndex(len(table)) + 1 + int(header)
    (filled,) = table.notna().any(axis=1).to_numpy().nonzero()
    table = table.iloc[: filled.max(initial=-1) + 1]  # empty lines at the end say nothing
    if table.empty:
        raise SettingsError(f"{path}: no rows below the header")
    if table.shape[1] > len(first.cells) and table.iloc[:, -1].isna().all():
        table = table.iloc[:, :-1]  # every line ends with a separator
    if header and table.shape[1] != len(first.cells):
        found = f"line 2 has {table.shape[1]} cells and the header {len(first.cells)}"
        raise SettingsError(f"{path}: {found}, allowed is as many")
    table.columns = pd.Index(first.cells if header else range(1, table.shape[1] + 1))
    _check_filled(path, table.isna())
    return table


def _check_filled(path: Path, empty: pd.DataFrame) -> None:
    rows, columns = empty.to_numpy().nonzero()
    if len(rows):
        whole = bool(empty.iloc[rows[0]].all())
        place = "" if whole else f", column {empty.columns[columns[0]] or 1}"  # an index has no name
        raise SettingsError(f"{path}: line {empty.index[rows[0]]}{place} is empty, allowed is a row a line, all filled")


def _as_numbers(column: pd.Series, path: Path) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        row = int(numbers.isna().argmax())
        place = f"line {column.index[row]}, column {column.name}"
        allowed = "of words only a first column without a name is left out"
        raise SettingsError(f"{path}: {place}: {column.iloc[row]!r} is no number; {allowed}")
    return numbers


def _has_header(path: Path, column: pd.Series, rows: int) -> bool:
    """Whether the first of these lines is a header; raises SettingsError where that would shift the labels."""
    first, others = column.iloc[0], column.iloc[1:]
    if len(column) == rows + 1:
        if first != NAMELESS and (_is_number(first) or (others == first).any()):
            raise SettingsError(f"{path}: {rows + 1} labels for {rows} rows, as line 1, {first}, is no header")
        return True
    if len(column) == rows > 1 and not _is_number(first) and all(map(_is_number, others)):
        raise SettingsError(f"{path}: {rows - 1} labels for {rows} rows, as line 1, {first}, is a header")
    return False


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
