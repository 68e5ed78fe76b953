"""The paper's published numbers, from one file; whoever adds some should hear at once what is wrong with a row."""

import csv
import math
from dataclasses import dataclass, fields
from pathlib import Path

from pipeline.settings.base import SettingsError

UNSTATED = "unstated"  # an epoch that the paper does not say


@dataclass(frozen=True)
class PaperValue:
    """One published number."""

    artifact: str  # table or figure
    dataset: str
    split: str
    epoch: str  # a number, or UNSTATED
    objective: str
    measure: str
    value: float
    tolerance: float  # half a unit of the last printed digit, or what a figure can be read to
    source: str


COLUMNS = tuple(field.name for field in fields(PaperValue))


def read_paper_values(path: Path) -> tuple[PaperValue, ...]:
    """In the file's order. Raises SettingsError that names the line which cannot be read, OSError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = [*csv.reader(file)] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path}: not a table of text: {error}") from None
    if tuple(header) != COLUMNS:
        raise SettingsError(f"{path}: line 1 has the columns {', '.join(header)}: allowed are {', '.join(COLUMNS)}")
    return tuple(_value(cells, f"{path}, line {number}") for number, cells in enumerate(lines, start=2))


def _value(cells: list[str], where: str) -> PaperValue:
    if len(cells) != len(COLUMNS):
        raise SettingsError(f"{where} has {len(cells)} cells: allowed are {len(COLUMNS)}")
    texts = dict(zip(COLUMNS, cells, strict=True))
    numbers = {}
    for name in ("value", "tolerance"):
        try:
            numbers[name] = float(texts.pop(name))
        except ValueError:
            numbers[name] = math.nan
        if not math.isfinite(numbers[name]):
            raise SettingsError(f"{where}: {name} = {cells[COLUMNS.index(name)]!r}: allowed is a number")
    if texts["epoch"] != UNSTATED and not (texts["epoch"].isascii() and texts["epoch"].isdecimal()):
        raise SettingsError(f"{where}: epoch = {texts['epoch']!r}: allowed is a number or {UNSTATED}")
    return PaperValue(**texts, **numbers)
