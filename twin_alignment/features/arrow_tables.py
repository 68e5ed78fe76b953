"""Features, labels and names of rows from Parquet, Feather and Arrow files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import Array, choose_name
from twin_alignment.features.arrow_files import read_arrow
from twin_alignment.features.list_columns import is_list, list_array
from twin_alignment.features.optional_module import optional_module
from twin_alignment.features.table_columns import (
    Table,
    are_names,
    as_words,
    check_features,
    listed,
    names_of_rows,
    numbers,
    roles,
    table_array,
)
from twin_alignment.lazy_pandas import pd


def read_columns(path: Path, name: str | None = None, key: str | None = None, missing: bool = False) -> Array:
    """Features and names of rows: a column of lists, a list for each row, or a column for each dimension.

    Names of rows are pandas' index, the only column of words, or the column `key`. Columns called `label` or `class`
    are left out, and next to a column of lists all others, with a note.

    Args:
        path: a .parquet, .feather or .arrow.
        name: column of lists. None: the only one.
        key: name of the column of names.
        missing: read missing values as NaN.

    Raises:
        InputError: the file cannot be read, a value is missing, lists differ in length, or a column holds no features.
    """
    columns = read_arrow(path)
    lists = _lists(path, columns)
    if name is not None or lists:
        chosen = choose_name(path, name, lists)
        values = list_array(path, chosen, columns.column(chosen), missing)
        return _named(path, columns, Array(values, f"column {chosen}"), [chosen], key)
    table = _table(path, columns, columns.column_names, missing)
    chosen_roles = roles(table, key)
    dimensions = [at for at in range(len(table.titles)) if at not in (chosen_roles.names, *chosen_roles.dropped)]
    features = numbers(table, dimensions)
    check_features(path, features)
    if not missing:
        _check_filled(path, features)
    return table_array(table, features, chosen_roles)


def read_label_columns(path: Path, name: str | None = None, key: str | None = None) -> Array:
    """Labels and names of rows: the column `name`, that called `label`, or the only one next to names of rows.

    Args:
        path: a .parquet, .feather or .arrow.
        name: column of labels.
        key: name of the column of names.

    Raises:
        InputError: it is not clear which column holds the labels, or one is missing.
    """
    columns = read_arrow(path)
    table = _table(path, columns, [field.name for field in columns.schema if _is_plain(path, field.type)])
    names = {0} if table.has_index else set()
    candidates = [title for at, title in enumerate(table.titles) if title != key and at not in names]
    marked = [table.titles[at] for at in table.labels(key)] or candidates
    if len(marked) == 2:  # names of rows, and classes
        marked = [title for title in marked if not are_names(table.cells[title])] or marked
    if name is None and len(marked) != 1:
        expected = "expected one of labels, or one called label next to names of rows"
        raise InputError(f"{path}: {len(candidates)} columns, {expected}; or name it as {path}:COLUMN")
    chosen = choose_name(path, name, candidates if name else marked)
    column = table.cells[chosen]
    if column.isna().any():
        raise InputError(f"{path}: row {int(column.isna().argmax())}, column {chosen}: the label is missing")
    values = column.to_numpy() if pd.api.types.is_numeric_dtype(column) else column.to_numpy(str)
    return _named(path, columns, Array(values, f"column {chosen}"), [chosen], key)


def names_of_columns(path: Path) -> list[str]:
    """Names of the columns of lists of a file; empty where it has a column for each dimension."""
    return _lists(path, read_arrow(path))


def _named(path: Path, columns: Any, array: Array, used: Sequence[str], key: str | None) -> Array:
    """Array with names of rows from the columns that are not used, and a note on these and on what is left out."""
    unused = [title for title in columns.column_names if title not in used]
    table = _table(path, columns, [title for title in unused if title == key or _are_names(path, columns, title)])
    chosen = roles(table, key)
    notes, names = [array.note], None
    if chosen.names is not None:
        title, names = table.titles[chosen.names], names_of_rows(table, chosen.names)
        notes.append(f"rows named by {f'column {title}' if title else 'the index'}")
        unused = [name for name in unused if name not in (title, _index_column(path, columns))]
    return Array(array.values, ", ".join(notes + ([listed("left out:", unused)] if unused else [])), names)


def _lists(path: Path, columns: Any) -> list[str]:
    return [field.name for field in columns.schema if is_list(field.type, path)]


def _table(path: Path, columns: Any, titles: Sequence[str], missing: bool = False) -> Table:
    """Columns of numbers and words with pandas' index before them; raises InputError for other types."""
    index = _index_column(path, columns)
    repeated = [title for title in titles if columns.column_names.count(title) > 1]
    if repeated:
        raise InputError(f"{path}: two columns are called {repeated[0]!r}, expected every name once")
    series = {title: _series(path, title, columns.column(title)) for title in titles if title != index}
    cells = pd.DataFrame(series, index=pd.RangeIndex(columns.num_rows))
    counted = _range_index(columns)
    if index is not None:
        title = "" if index.startswith("__index_level_") else index
        cells.insert(0, title, _series(path, index, columns.column(index)))
    elif counted is not None:
        cells.insert(0, counted.name or "", counted)

    has_index = index is not None or counted is not None
    return Table(path, cells, lambda place: as_words(cells.iloc[:, place]), "row", True, has_index, missing)


def _index_column(path: Path, columns: Any) -> str | None:
    """Column of pandas' index. None: there is none, or it is not stored as a column."""
    index = (columns.schema.pandas_metadata or {}).get("index_columns", [])
    if len(index) > 1:
        raise InputError(f"{path}: its index has {len(index)} levels, expected one")
    return next((title for title in index if isinstance(title, str) and title in columns.column_names), None)


def _range_index(columns: Any) -> pd.RangeIndex | None:
    """Pandas' index that counts the rows from another number than 0, or by other steps. None: there is none."""
    for index in (columns.schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(index, dict) and index.get("kind") == "range":
            values = pd.RangeIndex(index["start"], index["stop"], index["step"], name=index["name"])
            is_default = values.equals(pd.RangeIndex(columns.num_rows))
            return values if len(values) == columns.num_rows and not is_default else None
    return None


def _series(path: Path, title: str, column: Any) -> pd.Series:
    """Column as pandas'; raises InputError where it is neither numbers nor words."""
    pyarrow, kind = optional_module("pyarrow", "tables", path), column.type
    if not _is_plain(path, kind):
        raise InputError(f"{path}: column {title} holds {kind}, expected numbers, words or lists of numbers")
    if pyarrow.types.is_decimal(kind) or (pyarrow.types.is_boolean(kind) and column.null_count):
        column = column.cast(pyarrow.float64())
    values: pd.Series = column.to_pandas().reset_index(drop=True)
    return values.astype(object) if isinstance(values.dtype, pd.CategoricalDtype) else values


def _is_plain(path: Path, kind: Any) -> bool:
    """Return True for a type of numbers or words."""
    types = optional_module("pyarrow.types", "tables", path)
    is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    return bool(is_number or _is_word_type(path, kind))


def _are_names(path: Path, columns: Any, title: str) -> bool:
    column = columns.column(title)
    return _is_word_type(path, column.type) and are_names(_series(path, title, column))


def _is_word_type(path: Path, kind: Any) -> bool:
    types = optional_module("pyarrow.types", "tables", path)
    inner = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_string_view(inner))


def _check_filled(path: Path, values: pd.DataFrame) -> None:
    rows, columns = values.isna().to_numpy().nonzero()
    if len(rows):
        place = f"row {rows[0]}, column {values.columns[columns[0]]}"
        raise InputError(
            f"{path}: {place} is missing, expected all filled: --drop-missing leaves such rows out by name"
        )
