"""Groups of labels in place of classes: as settings name them, and as maps say them.

A map is a table with the columns class and group. Those of known datasets are in pipeline/datasets/label_maps, in a
folder of the dataset's name. Nothing here imports torch: the workflow reads groups when it plans.
"""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import LabelGroups
from pipeline.config.references import PROJECT

MAPS = PROJECT / "pipeline" / "datasets" / "label_maps"
COLUMNS = ["class", "group"]


def known_maps() -> list[str]:
    """Names of the project's maps, such as `cifar100/superclasses`."""
    return sorted(path.relative_to(MAPS).with_suffix("").as_posix() for path in MAPS.glob("*/*.csv"))


def read_groups(text: str, where: str) -> tuple[str, LabelGroups]:
    """Read the groups that settings name.

    Args:
        text: `FILE.csv`, seen from where the command is given, else from the project; the name of a map of the
            project; `random/NUMBER`, `random_images/NUMBER` or `random_half`.
        where: the settings that name them, for messages.

    Returns:
        A short name for them, and the groups; of a map with all its rows.

    Raises:
        SettingsError: the text, or the map, is not as expected.
    """
    drawn = re.fullmatch(r"(random|random_images)/(\d{1,9})", text)
    if drawn:
        kind, count = drawn[1], int(drawn[2])
        groups = LabelGroups.model_validate({"kind": kind, "count": count})
        return f"{kind}_{count}", groups
    if text == "random_half":
        return text, LabelGroups(kind="random_half")
    if text.endswith(".csv"):
        path = next((path for path in (Path(text), PROJECT / text) if path.is_file()), None)
        if path is None:
            raise SettingsError(f"{where}: labels: expected a table of classes and groups, got no file {text}")
    elif text in known_maps():
        path = MAPS / f"{text}.csv"
    else:
        raise SettingsError(
            f"{where}: labels: expected FILE.csv, random/NUMBER, random_images/NUMBER, random_half or one of "
            f"{', '.join(known_maps())}, got {text!r}"
        )
    return path.stem, LabelGroups(kind="map", classes=_read_map(path, f"{where}: {text}"))


def _read_map(path: Path, where: str) -> tuple[tuple[str, str], ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{where}: expected a CSV table in UTF-8, got one that cannot be read ({error})") from None
    if sorted(header) != COLUMNS:
        raise SettingsError(f"{where}: expected the columns class and group, got {', '.join(header) or 'none'}")
    for row in rows:
        if len(row) != len(header) or not all(row):
            raise SettingsError(f"{where}: expected a class and a group in every row, got {','.join(row)!r}")
    first = header.index("class")
    return tuple((row[first], row[1 - first]) for row in rows)


def check_groups(groups: LabelGroups, classes: int | None, where: str) -> None:
    """Raise SettingsError for groups that cannot be of a dataset.

    Args:
        groups: as settings have them.
        classes: the dataset's number of classes, None where it is not sure.
        where: what messages begin with.
    """
    if groups.kind == "map":
        repeated = [name for name, count in Counter(name for name, _ in groups.classes).items() if count > 1]
        if repeated:
            raise SettingsError(f"{where}: expected every class once, got {repeated[0]!r} twice")
        if len({group for _, group in groups.classes}) < 2:
            raise SettingsError(f"{where}: expected two groups at least, got one")
        if classes is not None and len(groups.classes) != classes:
            raise SettingsError(
                f"{where}: expected a group for each of the {classes} classes, got rows of {len(groups.classes)}"
            )
    elif groups.kind != "random_half":
        most = classes if groups.kind == "random" else None
        if groups.count < 2 or (most is not None and groups.count > most):
            limit = "2 groups or more" if most is None else f"2 to {most} groups"
            raise SettingsError(f"{where}: expected {limit}, got {groups.count}")


def groups_by_class(rows: Sequence[tuple[str, str]], names: Sequence[str], where: str) -> dict[int, str]:
    """Map every class of a dataset to its group.

    Args:
        rows: (class, group); a class is its name, or its index.
        names: of all classes, by their indices.
        where: what messages begin with.

    Raises:
        SettingsError: a class is unknown, missing, or there twice.
    """
    places: Mapping[str, int] = {name: index for index, name in enumerate(names)}
    indices = {str(index): index for index in range(len(names))}
    group_of: dict[int, str] = {}
    for name, group in rows:
        index = places.get(name, indices.get(name))
        if index is None:
            raise SettingsError(f"{where}: expected classes of the dataset, such as {names[0]!r}, got {name!r}")
        if index in group_of:
            raise SettingsError(f"{where}: expected every class once, got {names[index]!r} twice")
        group_of[index] = group
    missing = [name for index, name in enumerate(names) if index not in group_of]
    if missing:
        raise SettingsError(f"{where}: expected a group for every class, got none for {missing[0]!r}")
    return group_of
