"""Cells of a text file, a row a line: separator, lines of one length, and numbers."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from twin_alignment.errors import InputError
from twin_alignment.lazy_pandas import pd

SEPARATORS = {".csv": ",", ".tsv": "\t"}  # by suffix; line 1 may have another
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
WHOLE = re.compile(r"[0-9]+")
MAX_SAMPLE = 200  # lines by which a header is recognised


@dataclass(frozen=True)
class FirstLine:
    """Line 1 of a text file."""

    path: Path
    separator: str
    cells: list[str]  # without an empty last cell, where lines end with a separator

    @property
    def has_index(self) -> bool:
        """Return True for a header as pandas writes it above an index."""
        return len(self.cells) > 1 and self.cells[0] == ""

    @cached_property
    def sample(self) -> list[tuple[str, ...]]:
        """Columns of the next lines that have enough cells."""
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                lines = list(islice(csv.reader(file, delimiter=self.separator), 1, 1 + MAX_SAMPLE))
        except UnicodeDecodeError:
            raise InputError(f"{self.path}: is not text in UTF-8") from None
        except csv.Error as error:
            raise InputError(f"{self.path}: its first {MAX_SAMPLE} lines: {error}") from None
        wide = [line[: len(self.cells)] for line in lines if len(line) >= len(self.cells)]
        return [tuple(cell.strip() for cell in column) for column in zip(*wide, strict=True)]


def is_number(cell: str) -> bool:
    """Return True for a number in a CSV: not for all that Python's `float` takes, as 1_0, nan or infinity."""
    return NUMBER.fullmatch(cell) is not None


def first_line(path: Path) -> FirstLine:
    """Line 1 of a file; raises InputError where it is empty or no text."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            line = file.readline()
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text in UTF-8") from None
    if not line.strip():
        raise InputError(f"{path}: {'line 1' if line else 'the file'} is empty")
    separator = next((letter for letter in (";", "\t", ",") if letter in line), SEPARATORS[path.suffix.lower()])
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
    except csv.Error as error:
        raise InputError(f"{path}: line 1: {error}") from None
    return FirstLine(path, separator, cells[:-1] if len(cells) > 1 and cells[-1] == "" else cells)


def read_body(first: FirstLine, header: bool, missing: bool = False, **options: Any) -> pd.DataFrame:
    """Cells of all rows, by line of the file and by name or, without a header, number of column.

    Args:
        first: line 1 of the file.
        header: True where line 1 names the columns.
        missing: True where cells may be empty, though no whole line.
        options: of pandas' `read_csv`.

    Raises:
        InputError: a cell is empty, lines have different lengths, or the file is no text.
    """
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
        raise InputError(f"{path}: rows of different lengths: {str(error).strip()}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text in UTF-8") from None
    table.index = pd.RangeIndex(len(table)) + 1 + int(header)
    (filled,) = table.notna().any(axis=1).to_numpy().nonzero()
    table = table.iloc[: filled.max(initial=-1) + 1]  # empty lines at the end say nothing
    if table.empty:
        raise InputError(f"{path}: no rows below the header")
    if table.shape[1] > len(first.cells) and table.iloc[:, -1].isna().all():
        table = table.iloc[:, :-1]  # every line ends with a separator
    if header and table.shape[1] != len(first.cells):
        raise InputError(f"{path}: line 2 has {table.shape[1]} cells, expected {len(first.cells)} as in the header")
    table.columns = pd.Index(first.cells if header else range(1, table.shape[1] + 1))
    empty = table.isna()
    _check_filled(path, empty[empty.all(axis=1)] if missing else empty)
    return table


def _check_filled(path: Path, empty: pd.DataFrame) -> None:
    rows, columns = empty.to_numpy().nonzero()
    if len(rows):
        is_empty_line = bool(empty.iloc[rows[0]].all())
        place = "" if is_empty_line else f", column {empty.columns[columns[0]] or 1}"  # an index has no name
        raise InputError(f"{path}: line {empty.index[rows[0]]}{place} is empty, expected a row a line, all filled")
