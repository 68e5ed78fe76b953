"""Files of features of the same inputs, compared: the alignment measures as a tool of their own."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from twin_alignment.errors import InputError
from twin_alignment.features.feature_files import Features, read_features, read_named_labels
from twin_alignment.measures.jackknife import Estimate, Pair, Prepared
from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
from twin_alignment.measures.registry import ALL_MEASURES, TABLE_MEASURES
from twin_alignment.measures.row_names import is_default, join
from twin_alignment.progress import track


@dataclass(frozen=True)
class Collapse:
    """Within-class variance over squared distance of class means (CDNV), averaged over pairs of classes; and along the
    line between the means alone."""

    cdnv: float
    directional_cdnv: float


@dataclass(frozen=True)
class Comparison:
    files: tuple[Features, ...]
    pairs: dict[tuple[str, str], dict[str, Estimate]]  # of every two files, by measure
    collapse: dict[str, Collapse]  # of every file; empty without labels
    joined: tuple[str, ...] = ()  # how rows were joined by their names, or that order counts

    @property
    def rows(self) -> int:
        return len(self.files[0].values)


def compare_files(
    sources: Sequence[str | Path],
    labels: str | Path | None = None,
    measures: Sequence[str] = TABLE_MEASURES,
    key: str | None = None,
) -> Comparison:
    """Compare every two files.

    Rows are joined by their names where both sides have them, and are in the same order otherwise.

    Args:
        sources: two or more files, `FILE` or `FILE:NAME`.
        labels: file of the class of every row.
        measures: names, those of tables unless given.
        key: column of the text files that names the rows.

    Raises:
        InputError: files cannot be read or compared, in one sentence.
    """
    names = [str(source) for source in sources]
    repeated = [name for name in names if names.count(name) > 1]
    if len(names) > 2 and repeated:
        raise InputError(f"{repeated[0]}: named twice")
    try:
        files, joined = _in_one_order([read_features(name, key) for name in names])
        prepared = [Prepared(file.values, file.source) for file in files]
        collapse = {}
        if labels is not None:
            classes, note = _labels_of(files, str(labels), key)
            joined += note
            for file in files:
                collapse[file.source] = Collapse(cdnv(file.values, classes), directional_cdnv(file.values, classes))
        pairs = {(a.name, b.name): _measured(Pair(a, b), measures) for a, b in itertools.combinations(prepared, 2)}
    except ValueError as error:
        raise InputError(str(error)) from None
    return Comparison(files, pairs, collapse, joined)


def _reference(files: Sequence[Features]) -> Features:
    """The file whose order all rows have: the first with names, those of pandas' own index where no others are."""
    named = [file for file in files if file.names is not None] or list(files)
    chosen = next((file for file in named if not is_default(file.names)), named[0])
    return next(file for file in named if set(_names(file)) == set(_names(chosen)))


def _names(file: Features) -> Sequence[str]:
    return () if file.names is None else list(file.names)


def _in_one_order(files: Sequence[Features]) -> tuple[tuple[Features, ...], tuple[str, ...]]:
    """The files with their rows in one order, and in words how that was found."""
    reference = _reference(files)
    ordered, notes, reordered, unnamed = list(files), [], [], []
    for place, file in enumerate(files):
        if file is reference:
            continue
        order, note = join(reference.names, file.names, reference.source, file.source)
        notes += [note] if note else []
        if order is not None:
            ordered[place] = replace(file, values=file.values[order], names=reference.names)
            reordered.append(file.source)
        elif note and (file.names is None or is_default(file.names)):
            unnamed.append(file.source)
    if reordered and unnamed:
        raise ValueError(
            f"{unnamed[0]} has no names of rows, and {reference.source} and {reordered[0]} are in different orders: "
            "expected names in all files, or one order"
        )
    for file in files:
        if len(file.values) != len(reference.values):
            sizes = f"{reference.source} has {len(reference.values)} rows and {file.source} has {len(file.values)}"
            raise ValueError(f"{sizes}: the same inputs are compared")
    return tuple(ordered), tuple(notes)


def _labels_of(files: Sequence[Features], labels: str, key: str | None) -> tuple[Tensor, tuple[str, ...]]:
    """Class of every row [N], in the order of the files, and how it was found."""
    reference = _reference(files)
    found = read_named_labels(labels, len(reference.values), key)
    order, note = join(reference.names, found.names, reference.source, labels)
    left = f"{labels}: {found.note}" if "left out" in found.note else ""
    return found.values if order is None else found.values[order], tuple(filter(None, (left, note)))


def _measured(pair: Pair, measures: Sequence[str]) -> dict[str, Estimate]:
    """One after another, those that take long with their progress."""
    found = {}
    for name in measures:

        def tracked(items: Iterable[int], total: int, name: str = name) -> Iterable[int]:
            return track(items, total, f"{name}, {pair.first.name} and {pair.second.name}")

        found[name] = ALL_MEASURES[name](pair, tracked)
    return found
