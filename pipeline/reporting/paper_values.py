"""The paper's published numbers, from one file."""

import csv
import math
from dataclasses import dataclass, fields
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.references import project_file
from pipeline.datasets.catalog import KNOWN

PAPER_VALUES = {"paper_values": "reports/reference/paper_values.csv"}  # as a file that stages read
NO_EPOCH = ("unstated", "unknown")  # not stated in the paper, or not shown in a figure


@dataclass(frozen=True)
class PaperValue:
    """One published number."""

    artifact: str  # table or figure
    dataset: str
    split: str
    epoch: str  # a number, or one of NO_EPOCH
    objective: str
    measure: str
    value: float
    tolerance: float  # half a unit of the last printed digit, or the precision of reading a figure
    source: str


COLUMNS = tuple(field.name for field in fields(PaperValue))


def read_paper_values(path: Path) -> tuple[PaperValue, ...]:
    """Read all values, in the file's order.

    Raises:
        SettingsError: names the line that cannot be read.
        OSError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = [*csv.reader(file)] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path}: not a table of text: {error}") from None
    if tuple(header) != COLUMNS:
        raise SettingsError(f"{path}: line 1: expected the columns {', '.join(COLUMNS)}, got {', '.join(header)}")
    return tuple(_value(cells, f"{path}, line {number}") for number, cells in enumerate(lines, start=2))


def _value(cells: list[str], where: str) -> PaperValue:
    if len(cells) != len(COLUMNS):
        raise SettingsError(f"{where}: expected {len(COLUMNS)} cells, got {len(cells)}")
    artifact, dataset, split, epoch, objective, measure, value, tolerance, source = cells
    if epoch not in NO_EPOCH and not (epoch.isascii() and epoch.isdecimal()):
        raise SettingsError(f"{where}: epoch: expected a number or one of {', '.join(NO_EPOCH)}, got {epoch!r}")
    numbers = _number(value, f"{where}: value"), _number(tolerance, f"{where}: tolerance")
    return PaperValue(artifact, dataset, split, epoch, objective, measure, *numbers, source)


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SettingsError(f"{where}: expected a number, got {text!r}")
    return number


def published_classes() -> dict[str, int]:
    """Return {dataset: classes} of the paper's datasets, by which a run is recognised as one of all classes."""
    values = read_paper_values(project_file(PAPER_VALUES["paper_values"]))
    published = sorted({value.dataset for value in values} & set(KNOWN))
    return {name: spec.classes for name in published if (spec := KNOWN[name]).classes is not None}
