"""Comparison of files of features of the same inputs."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from twin_alignment.comparison.pairwise import compare_sets
from twin_alignment.comparison.result import Comparison
from twin_alignment.comparison.row_order import in_one_order
from twin_alignment.errors import InputError
from twin_alignment.features.feature_files import path_and_name, read_features, read_named_labels
from twin_alignment.measures.registry import TABLE_MEASURES


def compare_files(
    sources: Sequence[str | Path],
    labels: str | Path | None = None,
    measures: Sequence[str] = TABLE_MEASURES,
    key: str | None = None,
) -> Comparison:
    """Compare every two files, with progress of long measures on standard error.

    Rows are joined by their names where both sides have them, and count by order otherwise.

    Args:
        sources: two or more files, `FILE` or `FILE:NAME`.
        labels: file of the class of every row. None: no class variances.
        measures: names of measures; the default is those of tables.
        key: column of the text files that names the rows. None: pandas' index, or the only column of words.

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
    names = [str(source) for source in sources]
    repeated = [name for name in names if names.count(name) > 1]
    if len(names) < 2:
        raise InputError(f"{names[0] if names else 'no file'}: expected two files or more, got {len(names)}")
    if len(names) > 2 and repeated:
        raise InputError(f"{repeated[0]}: given twice")
    try:
        ordered = in_one_order([read_features(name, key) for name in names])
        classes = None if labels is None else read_named_labels(str(labels), ordered.rows, key)
        return compare_sets(ordered, classes, measures, show_progress=True)
    except ValueError as error:
        raise InputError(str(error)) from None


def check_output(path: Path, sources: Iterable[str]) -> None:
    """Raise InputError for an output that cannot be written, or that is one of the sources."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: {path.parent} is no folder to write it into")
    inputs = (path_and_name(source)[0] for source in sources)
    if path.exists() and any(source.exists() and path.samefile(source) for source in inputs):
        raise InputError(f"{path}: is read, and would be overwritten: expected another name")
