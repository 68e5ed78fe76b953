"""Training and test rows of a user's arrays, checked."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.array_file import Values, array, array_names, array_shape
from pipeline.datasets.source_images import ArraySplit, Labels, Rows, SourceArrays
from pipeline.system.files import sha256
from twin_alignment.randomness import keyed_generator

SPLIT_NAMES = ("X_train", "y_train", "X_test", "y_test")


class Place(NamedTuple):
    """File of one split, and the ends of its arrays' names."""

    path: Path
    end: str  # `_train`, `_test` or nothing


def read_arrays(spec: SourceSettings) -> SourceArrays:
    """Read both splits; numbers become float32.

    Raises:
        SettingsError: there are no such arrays, X and y have different lengths, shapes of the splits differ, a number
            is not finite, labels are no classes, or the splits have different classes.
    """
    places = _places(spec)
    rows = [_rows(place, spec.label_column) for place in places]
    labels = [array(place.path, f"y{place.end}", spec.label_column) for place in places]
    for place, x, y in zip(places, rows, labels, strict=True):
        if y.shape != x.shape[:1]:
            raise SettingsError(
                f"{place.path}: y{place.end}: expected a label for each of the {len(x)} rows of X{place.end}, got "
                f"{list(y.shape)}"
            )
    if spec.test_share is not None:
        names, (numbers,) = _classes(places, labels)
        test = _test_rows(places[0].path, numbers, names, spec.test_share)
        return SourceArrays(names, ArraySplit(rows[0][~test], numbers[~test]), ArraySplit(rows[0][test], numbers[test]))
    train, test_split = rows
    if train.shape[1:] != test_split.shape[1:]:
        raise SettingsError(
            f"{places[1].path}: X{places[1].end}: expected rows of the shape {list(train.shape[1:])}, as for training, "
            f"got {list(test_split.shape[1:])}"
        )
    names, (train_numbers, test_numbers) = _classes(places, labels)
    if len(missing := np.setdiff1d(np.arange(len(names)), test_numbers)):
        raise SettingsError(f"{places[1].path}: class {names[missing[0]]!r} has no test row")
    return SourceArrays(names, ArraySplit(train, train_numbers), ArraySplit(test_split, test_numbers))


def count_rows(spec: SourceSettings, where: str) -> tuple[int, int]:
    """Count classes and training rows; of X only the shape is read. Raises SettingsError that names `where`."""
    try:
        train, classes, *_ = _counted(spec, digests(spec))
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None
    return classes, train


def array_sizes(spec: SourceSettings) -> tuple[int, ...]:
    """Return the numbers of training and test rows, and the shape of a row."""
    train, _, test, *shape = _counted(spec, digests(spec))
    return train, test, *shape


def digests(spec: SourceSettings) -> tuple[tuple[str, str], ...]:
    """SHA-256 of every file, `missing` where there is none."""
    return tuple((path, _digest(Path(path))) for path in spec.paths)


def _digest(path: Path) -> str:
    if not path.is_file():
        return "missing"
    status = path.stat()
    return _digest_of_version(path, status.st_mtime_ns, status.st_size)


@cache
def _digest_of_version(path: Path, modified: int, size: int) -> str:
    return sha256(path)


@cache  # a plan asks for every run
def _counted(spec: SourceSettings, _: tuple[tuple[str, str], ...]) -> tuple[int, ...]:
    """(training rows, classes, test rows, *shape of a row)"""
    places = _places(spec)
    shape = array_shape(places[0].path, f"X{places[0].end}", spec.label_column)
    labels = [array(place.path, f"y{place.end}", spec.label_column) for place in places]
    names, numbers = _classes(places, labels)
    if spec.test_share is None:
        return len(labels[0]), len(names), len(labels[1]), *shape[1:]
    test = int(_test_rows(places[0].path, numbers[0], names, spec.test_share).sum())
    return len(labels[0]) - test, len(names), test, *shape[1:]


def _places(spec: SourceSettings) -> list[Place]:
    """Places of the training and test rows; of all rows if the test rows are still to be drawn."""
    paths = [Path(path) for path in spec.paths]
    if len(paths) not in (1, 2):
        raise SettingsError(f"paths: expected one file with both splits, or two with one each, got {len(paths)}")
    names = [set(array_names(path)) for path in paths]
    both, single = set(SPLIT_NAMES), {"X", "y"}
    if spec.test_share is not None:
        if len(paths) == 2 or not single <= names[0]:
            raise SettingsError(f"{paths[0]}: with test_share expected one file with X and y, {_got(spec, names)}")
        return [Place(paths[0], "")]
    if len(paths) == 2 and all(single <= present for present in names):
        return [Place(path, "") for path in paths]
    if len(paths) == 1 and both <= names[0]:
        return [Place(paths[0], "_train"), Place(paths[0], "_test")]
    hint = ": set test_share, or give two files" if len(paths) == 1 and single <= names[0] else ""
    expected = "X and y in each of two files" if len(paths) == 2 else ", ".join(SPLIT_NAMES)
    raise SettingsError(f"{paths[0]}: expected {expected}, {_got(spec, names)}{hint}")


def _got(spec: SourceSettings, names: list[set[str]]) -> str:
    return "got " + " and ".join(
        f"{', '.join(sorted(present)[:6]) or 'no array'} in {path}"
        for path, present in zip(spec.paths, names, strict=True)
    )


def _rows(place: Place, label_column: str) -> Rows:
    """Read X as finite float32 numbers [N, ...]."""
    where = f"{place.path}: X{place.end}"
    values = array(place.path, f"X{place.end}", label_column)
    if values.dtype.kind not in "fiub":
        raise SettingsError(f"{where}: expected real numbers, got {values.dtype}")
    if values.ndim < 2 or values.size == 0:
        raise SettingsError(f"{where}: expected rows [N, ...] of one number or more, got {list(values.shape)}")
    with np.errstate(over="ignore"):  # what is too large for float32 is not finite, and refused
        rows = np.ascontiguousarray(values, dtype=np.float32)
    finite = np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise SettingsError(f"{where}: row {row}: expected finite float32 numbers, got NaN, infinite or too large ones")
    return rows


def _classes(places: list[Place], labels: list[Values]) -> tuple[tuple[str, ...], list[Labels]]:
    """Names of the classes of the first split, sorted, and the labels of every split as numbers of these."""
    wheres = [f"{place.path}: y{place.end}" for place in places]
    checked = [_labels(values, where) for values, where in zip(labels, wheres, strict=True)]
    if len({values.dtype.kind for values in checked}) > 1:
        raise SettingsError(f"{wheres[1]}: expected numbers or text, as for training, got the other")
    classes = np.unique(checked[0])
    numbers = []
    for values, where in zip(checked, wheres, strict=True):
        unknown = ~np.isin(values, classes)
        if unknown.any():
            row = int(np.flatnonzero(unknown)[0])
            raise SettingsError(f"{where}: row {row}: class {str(values[row])!r} has no training row")
        numbers.append(np.searchsorted(classes, values).astype(np.int64))
    return tuple(map(str, classes.tolist())), numbers


def _labels(values: Values, where: str) -> Values:
    """Labels as whole numbers or text; 0.0 and 1.0 count as whole."""
    if values.ndim != 1 or values.dtype.kind not in "fiubU":
        raise SettingsError(f"{where}: expected whole numbers or text [N], got {values.dtype} {list(values.shape)}")
    if values.dtype.kind == "f":
        fractional = ~np.isfinite(values) | (values != np.rint(values))
        if fractional.any():
            row = int(np.flatnonzero(fractional)[0])
            raise SettingsError(f"{where}: row {row}: expected a whole number or text, got {values[row]}")
    return values if values.dtype.kind == "U" else values.astype(np.int64)


def _test_rows(path: Path, labels: Labels, names: tuple[str, ...], share: float) -> np.ndarray:
    """Mask [N] of the test rows: a share of every class, drawn by the class's key, one row or more."""
    test = np.zeros(len(labels), bool)
    for label, name in enumerate(names):
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2:
            raise SettingsError(f"{path}: class {name!r} has one row, expected two or more with test_share")
        count = min(max(round(share * len(rows)), 1), len(rows) - 1)
        test[keyed_generator(0, "test share", name).permutation(rows)[:count]] = True
    return test
