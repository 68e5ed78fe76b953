"""Features and names of rows from text files."""

from __future__ import annotations

import re
from pathlib import Path

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import Array
from twin_alignment.features.cells import SEPARATORS, FirstLine, first_line, read_body
from twin_alignment.features.headers import has_header
from twin_alignment.features.table_columns import (
    Table,
    check_features,
    numbers,
    roles,
    table_array,
    whole_columns,
)
from twin_alignment.lazy_pandas import pd
from twin_alignment.measures.row_names import MIN_COUNTED

PADDED = re.compile(r"[+-]?0[0-9]+|-0")  # whole numbers as nobody writes them


def read_numbers(path: Path, key: str | None = None, missing: bool = False) -> Array:
    """Features and names of rows from a text file, a row a line.

    Names of rows are pandas' index (a first column without a name), the only column of words, or the column `key`.
    Columns called `label` or `class` are left out, with a note.

    Args:
        path: a .csv or .tsv.
        key: name of the column of names; its number from 1 where there is no header.
        missing: read cells that are empty, or say NA or the like, as NaN.

    Raises:
        InputError: a cell is empty or no number, a column holds ids, or line 1 may be a header or a row.
    """
    first = first_line(path)
    header = has_header(first)
    table = Table(
        path,
        read_body(first, header, missing),
        lambda place: read_body(first, header, missing, dtype=str).iloc[:, place],
        "line",
        header,
        first.has_index,
        missing,
    )
    chosen = roles(table, key)
    values = numbers(table, [at for at in range(len(table.titles)) if at != chosen.names and at not in chosen.dropped])
    _check_not_padded(first, values)
    check_features(path, values)
    integer = whole_columns(values)
    commas = len(integer) == 2 == values.shape[1] and not header and first.separator == ","
    notes = ["unless its commas are decimal"] if commas and len(values) > MIN_COUNTED else []
    notes += [f"separated by {first.separator!r}"] if first.separator != SEPARATORS[path.suffix.lower()] else []
    return table_array(table, values, chosen, notes)


def _check_not_padded(first: FirstLine, values: pd.DataFrame) -> None:
    """Refuse ids as 007, and numbers whose decimal commas were taken for separators."""
    padded = next((cell for cells in first.sample for cell in cells if PADDED.fullmatch(cell)), None)
    if padded is not None and not values.empty and len(whole_columns(values)) == values.shape[1]:
        raise InputError(
            f"{first.path}: {padded!r} is no number: expected points before decimals, or ids named by --key"
        )
