"""Rows of feature sets that are compared: those of a list of names, and those without missing values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from twin_alignment.errors import InputError
from twin_alignment.lazy_pandas import pd
from twin_alignment.measures.feature_set import FeatureSet
from twin_alignment.progress import say

MAX_LISTED = 5  # names in a message


@dataclass(frozen=True)
class ChosenRows:
    """Feature sets of the rows that are compared, notes on those that were left out, and whether there are any."""

    sets: list[FeatureSet]
    notes: tuple[str, ...]
    are_fewer: bool


def choose_rows(sets: Sequence[FeatureSet], rows: str | Path | None, drop_missing: bool) -> ChosenRows:
    """Keep the rows that are named in a file, then those that have no missing value in any set.

    Rows keep their order. What is left out is a note, and a line on standard error.

    Args:
        sets: features with names of rows.
        rows: text file of names, one a line. None: all rows.
        drop_missing: leave out rows with missing values, in all sets by their names.

    Raises:
        InputError: a set has no names of rows, or not those that are asked for, or no row is left.
    """
    chosen, notes = list(sets), []
    if rows is not None:
        wanted = _names_in_file(Path(rows))
        counts = [len(item.features) for item in chosen]
        chosen = [_select_named(item, wanted, str(rows)) for item in chosen]
        pairs = zip(chosen, counts, strict=True)
        notes += [f"{item.name}: {len(item.features)} of {count} rows, those named in {rows}" for item, count in pairs]
    if drop_missing:
        chosen, dropped = _without_missing(chosen)
        notes += dropped
    for note in notes:
        say(note)
    are_fewer = any(len(item.features) < len(before.features) for item, before in zip(chosen, sets, strict=True))
    return ChosenRows(chosen, tuple(notes), are_fewer)


def keep_names(labels: FeatureSet, reference: FeatureSet) -> FeatureSet:
    """Keep the labels of the rows of a set, by name; raises InputError where the set or the labels lack a name."""
    return _select_named(labels, _names(reference), reference.name)


def _names_in_file(path: Path) -> pd.Index:
    """Names of a text file, one a line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text in UTF-8, expected a name of a row on each line") from None
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    names = pd.Index([line.strip() for line in lines if line.strip()], dtype=object)
    if names.empty:
        raise InputError(f"{path}: is empty, expected a name of a row on each line")
    if not names.is_unique:
        raise InputError(f"{path}: {names[names.duplicated()][0]!r} is repeated, expected every name once")
    return names


def _select_named(item: FeatureSet, wanted: pd.Index, source: str) -> FeatureSet:
    """Rows of a set whose names are wanted, in the order of the set."""
    names = _names(item)
    unknown = wanted[~wanted.isin(names)]
    if len(unknown):
        raise InputError(f"{item.name}: has no row named {_listed(unknown)}, expected the names of {source}")
    return _selected(item, names.isin(wanted))


def _without_missing(sets: list[FeatureSet]) -> tuple[list[FeatureSet], list[str]]:
    """Sets without the rows that have a missing value in any of them, and notes on these."""
    lacking = [torch.isnan(item.features).any(dim=1).cpu().numpy() for item in sets]
    with_missing = [(item, rows) for item, rows in zip(sets, lacking, strict=True) if rows.any()]
    if not with_missing:
        return sets, []
    dropped = pd.Index(list(dict.fromkeys(name for item, rows in with_missing for name in _names(item)[rows])))
    for item in sets:
        unknown = dropped[~dropped.isin(_names(item))]
        if len(unknown):
            files = " and ".join(lacking_set.name for lacking_set, _ in with_missing)
            raise InputError(
                f"{item.name}: has no row named {_listed(unknown)}, which has missing values in {files}: "
                "expected the same names in all files"
            )
        if len(dropped) == len(item.features):
            raise InputError(f"{item.name}: no row is left, as every one has a missing value in some file")
    counts = ", ".join(f"{int(gaps.sum())} in {item.name}" for item, gaps in with_missing)
    rows = "1 row" if len(dropped) == 1 else f"{len(dropped)} rows"
    note = f"left out {rows} with missing values ({counts}): {_listed(dropped)}"
    return [_selected(item, ~_names(item).isin(dropped)) for item in sets], [note]


def _names(item: FeatureSet) -> pd.Index:
    if item.row_names is None:
        raise InputError(f"{item.name}: has no names of rows, expected them to leave out rows by name")
    if not item.row_names.is_unique:
        repeated = item.row_names[item.row_names.duplicated()][0]
        raise InputError(f"{item.name}: row name {repeated!r} is repeated, expected every name once")
    return item.row_names


def _selected(item: FeatureSet, rows: np.ndarray) -> FeatureSet:
    places = torch.from_numpy(rows.nonzero()[0])
    return replace(item, features=item.features[places.to(item.features.device)], row_names=_names(item)[rows])


def _listed(names: Iterable[str]) -> str:
    """First names of many."""
    every = [repr(name) for name in names]
    return ", ".join(every[:MAX_LISTED]) + (", ..." if len(every) > MAX_LISTED else "")
