"""Line 1 of a text file: names of columns, or the first row."""

import math
from itertools import pairwise

from twin_alignment.errors import InputError
from twin_alignment.features.cells import WHOLE, FirstLine, is_number

UNLIKELY = 0.01  # chance of a row of whole numbers alone, below which it is a header
VALUES = ("nan", "inf", "-inf", "infinity", "-infinity", "true", "false")  # in a row, and not above one
MIN_COLUMNS = 3  # from which numbers in line 1 are recognised as a header


def has_header(first: FirstLine) -> bool:
    """Return True where line 1 names the columns.

    It does where it has a word above a column of numbers, where it counts the columns from 0 as pandas does, or where
    it has different whole numbers, as years, above columns that hardly have any.

    Raises:
        InputError: it may be either, so that a row or a header would be lost.
    """
    if first.has_index:
        _check(first)
        return True
    columns = first.sample
    numeric = [place for place, column in enumerate(columns) if all(map(_is_value, filter(None, column)))]
    if not numeric or not all(is_number(first.cells[place]) for place in numeric):
        header = not all(map(is_number, first.cells))
    else:
        header = _is_numeric_header(first, [first.cells[place] for place in numeric], [columns[at] for at in numeric])
    if header:
        _check(first)
    return header


def _is_numeric_header(first: FirstLine, cells: list[str], columns: list[tuple[str, ...]]) -> bool:
    integer = all(map(WHOLE.fullmatch, cells)) and len(set(cells)) == len(cells)
    counted = len(cells) > 1 and cells == [str(place) for place in range(len(cells))]
    likely = math.prod((sum(map(bool, map(WHOLE.fullmatch, column))) + 1) / (len(column) + 2) for column in columns)
    header = counted or (integer and likely < UNLIKELY)
    unclear = header and (len(cells) < MIN_COLUMNS or _is_progression([column[0] for column in columns]))
    if unclear or (not header and _is_progression(cells)):
        raise InputError(
            f"{first.path}: its first line, {first.separator.join(first.cells)[:40]}, may be a header or a row: "
            "expected names of columns that are no numbers"
        )
    return header


def _is_progression(cells: list[str]) -> bool:
    if len(cells) < MIN_COLUMNS or not all(map(is_number, cells)):
        return False
    steps = {float(b) - float(a) for a, b in pairwise(cells)}
    return len(steps) == 1 and steps != {0.0}


def _check(first: FirstLine) -> None:
    if "" in first.cells[1:]:
        column = first.cells.index("", 1) + 1
        raise InputError(f"{first.path}: line 1, column {column} is empty, expected one index, the first column")
    values = [cell for cell in first.cells if _is_value(cell) and not WHOLE.fullmatch(cell)]
    if values:
        raise InputError(f"{first.path}: line 1 is a header or a row, as it holds {values[0]} and what is no number")


def _is_value(cell: str) -> bool:
    return is_number(cell) or cell.lower() in VALUES
