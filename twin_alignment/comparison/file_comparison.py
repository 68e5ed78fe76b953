"""Comparison of files of features of the same inputs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from twin_alignment.comparison.pairwise import compare_sets
from twin_alignment.comparison.result import Comparison
from twin_alignment.comparison.row_choice import choose_rows, keep_names
from twin_alignment.comparison.row_order import in_one_order
from twin_alignment.errors import InputError
from twin_alignment.features.feature_files import expanded, path_and_name, read_features, read_named_labels
from twin_alignment.measures.feature_set import FeatureSet
from twin_alignment.measures.registry import TABLE_MEASURES


def compare_files(
    sources: Sequence[str | Path],
    labels: str | Path | None = None,
    measures: Sequence[str] = TABLE_MEASURES,
    key: str | None = None,
    pool: str | None = None,
    rows: str | Path | None = None,
    drop_missing: bool = False,
) -> Comparison:
    """Compare every two files, with progress of long measures on standard error.

    Rows are joined by their names where both sides have them, and count by order otherwise.

    Args:
        sources: two or more files, `FILE` or `FILE:NAME`, or one `FILE:*` for all arrays of a file, by their names.
        labels: file of the class of every row. None: no class variances.
        measures: names of measures; the default is those of tables.
        key: column of the tables that names the rows. None: pandas' index, or the only column of words.
        pool: `mean`, `max`, `cls` or `flatten` for tokens [N, T, d] and maps [N, d, H, W].
        rows: text file of names of rows, one a line; only these are compared. None: all.
        drop_missing: leave out rows, by name, that have a missing value in a file; standard error lists them.

    Raises:
        InputError: files cannot be read or compared, in one sentence.

    Example:
        >>> import tempfile, numpy as np
        >>> x, folder = np.random.default_rng(0).normal(size=(20, 3)), tempfile.mkdtemp()
        >>> np.save(f"{folder}/a.npy", x)
        >>> np.save(f"{folder}/b.npy", 2 * x)
        >>> comparison = compare_files([f"{folder}/a.npy", f"{folder}/b.npy"], measures=["cka"])
        >>> round(float(comparison.table["value"].item()), 6)
        1.0
    """
    entries = _entries([str(source) for source in sources])
    try:
        sets = [_named(read_features(source, key, pool, drop_missing), name) for source, name in entries]
        chosen = choose_rows(sets, rows, drop_missing)
        ordered = in_one_order(chosen.sets)
        classes = None if labels is None else _labels(str(labels), ordered.reference, key, chosen.are_fewer)
        comparison = compare_sets(ordered, classes, measures, show_progress=True)
        return replace(comparison, joined=(*chosen.notes, *comparison.joined))
    except ValueError as error:
        raise InputError(str(error)) from None


def _entries(sources: list[str]) -> list[tuple[str, str | None]]:
    """Source of every set, and its name. None: that of the source, which differs from array to array."""
    entries = [entry for source in sources for entry in expanded(source)]
    names = [name for _, name in entries]
    files = [source for source, _ in entries]
    repeated = [source for source in files if files.count(source) > 1]
    if len(files) < 2:
        raise InputError(f"{files[0] if files else 'no file'}: expected two files or more, got {len(files)}")
    if len(files) > 2 and repeated:
        raise InputError(f"{repeated[0]}: given twice")
    return [(source, None if name == source or names.count(name) > 1 else name) for source, name in entries]


def _named(features: FeatureSet, name: str | None) -> FeatureSet:
    return features if name is None else replace(features, name=name)


def _labels(source: str, reference: FeatureSet, key: str | None, are_fewer: bool) -> FeatureSet:
    """Labels of the rows of the reference; where some were left out, those of a file that names its rows."""
    if not are_fewer:
        return read_named_labels(source, len(reference.features), key)
    return keep_names(read_named_labels(source, None, key), reference)


def check_output(path: Path, sources: Iterable[str]) -> None:
    """Raise InputError for an output that cannot be written, or that is one of the sources."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: {path.parent} is no folder to write it into")
    inputs = (path_and_name(source)[0] for source in sources)
    if path.exists() and any(source.exists() and path.samefile(source) for source in inputs):
        raise InputError(f"{path}: is read, and would be overwritten: expected another name")
