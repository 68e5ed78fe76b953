"""Features, labels and names of rows from text files: which column is which, said or refused with its line."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import Array
from twin_alignment.features.cells import SEPARATORS, FirstLine, first_line, is_number, read_body
from twin_alignment.features.headers import has_header
from twin_alignment.measures.row_names import LABEL_NAMES, LEAST_COUNTED, is_default

SHOWN = 3  # names of a header that are repeated
LARGEST = 2**53  # whole numbers beyond are not exact in float64
NAMELESS = "0"  # pandas' header of a column without a name
MISSING = ("", "nan", "<na>", "na", "n/a", "null", "none")  # as words, of any case
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
PADDED = re.compile(r"[+-]?0[0-9]+|-0")  # whole numbers as nobody writes them


def read_numbers(path: Path, key: str | None = None) -> Array:
    """Features and names of rows from a text file, a row a line.

    Names of rows are pandas' index (a first column without a name), the only column of words, or the column `key`.
    Columns called `label` or `class` are left out, which the note says.

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
    left = [place for place, title in enumerate(titles) if header and title.lower() in LABEL_NAMES and title != key]
    place, others = _names_place(first, table, left, key)
    left += others
    values = table.iloc[:, [at for at in range(len(titles)) if at not in (place, *left)]].apply(_as_numbers, path=path)
    _check_features(first, values)
    notes = [_shown("header", list(map(str, values.columns))) if header else "no header"]
    if place is not None:
        notes.append(f"rows named by {f'column {titles[place]}' if titles[place] else 'the index'}")
    notes += [_shown("left out:", [titles[at] or "the index" for at in sorted(left)])] if left else []
    whole = [str(name) for name, column in values.items() if column.dtype.kind == "i"]
    notes += [_shown("whole numbers in", whole)] if len(whole) < values.shape[1] and whole else []
    commas = len(whole) == 2 == values.shape[1] and not header and first.separator == ","
    notes += ["unless its commas are decimal"] if commas and len(values) > LEAST_COUNTED else []
    notes += [f"separated by {first.separator!r}"] if first.separator != SEPARATORS[path.suffix.lower()] else []
    names = None if place is None else _names(first, header, place)
    return Array(values.to_numpy(np.float64), ", ".join(notes), names)


def read_label_column(path: Path, rows: int, key: str | None = None) -> Array:
    """Labels and names of rows from a text file: one column, one beside names of rows, or that called `label`.

    Args:
        path: a .csv or .tsv.
        rows: how many labels are expected; with a line more, the first of a single column is a header.
        key: name of the column of names.

    Raises:
        InputError: it is not clear which column holds the labels, or one is missing.
    """
    first = first_line(path)
    key = key if len(first.cells) > 1 else None  # labels alone are in the order of the rows
    called = [cell.lower() in LABEL_NAMES for cell in first.cells]
    header = first.has_index or key is not None or (len(called) > 1 and any(called))
    table = read_body(first, header, dtype=str)
    place, names = 0, None
    left: list[int] = []
    if header or table.shape[1] > 1:
        place, names, left = _label_place(first, table, called, key)
    labels = table.iloc[:, place].str.strip()
    if not header and _has_label_header(path, labels, rows):
        header = True
        table, labels = table.iloc[1:], labels.iloc[1:]
    notes = [f"header {first.cells[place]}" if header else "no header"]
    notes += [_shown("left out:", [str(table.columns[at]) for at in left])] if left else []
    index = None if names is None else pd.Index(table.iloc[:, names].str.strip())
    return Array(_label_values(path, labels), ", ".join(notes), index)


def _names_place(
    first: FirstLine, table: pd.DataFrame, left: list[int], key: str | None
) -> tuple[int | None, list[int]]:
    """Column of names of rows, if there is one, and those that are left out as it is chosen."""
    index = [0] if first.has_index else []
    words = [at for at in range(table.shape[1]) if at not in (*index, *left) and _is_words(table.iloc[:, at])]
    if key is not None:
        place = _key_place(first, table, key)
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
    listed = ", ".join(str(table.columns[at]) or "the index" for at in (*index, *words))
    raise InputError(f"{first.path}: columns {listed} all hold words, expected one that names the rows: see --key")


def _key_place(first: FirstLine, table: pd.DataFrame, key: str) -> int:
    titles = [str(column) for column in table.columns]
    if titles.count(key) != 1:
        raise InputError(f"{first.path}: {titles.count(key)} columns {key!r}, expected one of {', '.join(titles)}")
    return titles.index(key)


def _names(first: FirstLine, header: bool, place: int) -> pd.Index:
    """Names of rows as they are written."""
    names = read_body(first, header, dtype=str).iloc[:, place].str.strip()
    missing = names.str.lower().isin(MISSING)
    if missing.any():
        raise InputError(f"{first.path}: line {names.index[int(missing.argmax())]}: the name of the row is missing")
    return pd.Index(names)


def _is_words(column: pd.Series) -> bool:
    """True where no cell is, or may be meant as, a number, and not all are missing."""
    if pd.api.types.is_numeric_dtype(column):
        return False
    cells = column.astype(str).str.strip()
    numbers = any(is_number(cell) or DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return not numbers and not all(cell.lower() in MISSING for cell in cells)


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
    whole = [(name, column) for name, column in values.items() if column.dtype.kind in "iu"]
    for cells in first.sample:
        padded = next((cell for cell in cells if PADDED.fullmatch(cell)), None)
        if padded is not None and len(whole) == values.shape[1]:
            raise InputError(
                f"{first.path}: {padded!r} is no number: expected points before decimals, or ids named by --key"
            )
    for name, column in values.items():
        if column.dtype.kind == "f" and not (column == column.round()).all():
            continue
        if not column.abs().max() <= LARGEST:
            raise InputError(f"{first.path}: column {name} holds {column.abs().max()}, expected at most 2^53")
        counts = any((column == np.arange(start, start + len(column))).all() for start in (0, 1))
        if len(column) > LEAST_COUNTED and (counts or (len(whole) < values.shape[1] and column.is_unique)):
            what = "counts the rows" if counts else "holds whole numbers, each once,"
            advice = f"leave it out, or name rows by --key {name}"
            raise InputError(f"{first.path}: column {name} {what} and is no feature: {advice}")


def _label_place(
    first: FirstLine, table: pd.DataFrame, called: list[bool], key: str | None
) -> tuple[int, int | None, list[int]]:
    """Column of labels, that of names of rows if there is one, and those that are left out."""
    index = 0 if first.has_index else None
    names = index if key is None else _key_place(first, table, key)
    others = [at for at in range(table.shape[1]) if at not in (names, index)]
    words = [at for at in others if _are_names(table.iloc[:, at])]
    marked = [at for at in others if called[at]]
    if not marked and names is None and len(others) == 2 and len(words) == 1:
        marked = [at for at in others if at not in words]
    if len(marked or others) != 1:
        raise InputError(
            f"{first.path}: {table.shape[1]} columns, expected one of labels, or one called label, beside names of rows"
        )
    (place,) = marked or others
    words = [at for at in words if at != place]
    names = words[0] if names is None and len(words) == 1 else names
    return place, names, [at for at in others if at not in (place, names)]


def _are_names(column: pd.Series) -> bool:
    """True for words that name rows, and not classes: most are there once. One that is repeated is refused later."""
    return _is_words(column) and 2 * column.nunique() > len(column)


def _has_label_header(path: Path, column: pd.Series, rows: int) -> bool:
    """True where the first of these lines is a header; raises InputError where that would shift the labels."""
    first, others = column.iloc[0], column.iloc[1:]
    if len(column) == rows + 1:
        if first != NAMELESS and (is_number(first) or (others == first).any()):
            raise InputError(f"{path}: {rows + 1} labels for {rows} rows, as line 1, {first}, is no header")
        return True
    if len(column) == rows > 1 and not is_number(first) and all(map(is_number, others)):
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


def _shown(what: str, names: list[str]) -> str:
    return f"{what} {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}"
