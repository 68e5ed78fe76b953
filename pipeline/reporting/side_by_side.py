"""Two runs, or two experiments, side by side: accuracies and similarities with CL, and how far they differ."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.reporting.tables import COLLAPSED, NOTHING, data_label, number, with_numbers
from twin_alignment.measures.registry import MEASURES

Values = dict[tuple[str, ...], float]  # words of a row -> value
SHOWN = [name for name, measure in MEASURES.items() if measure.table]


def run_values(probes: pd.DataFrame, alignment: pd.DataFrame) -> tuple[Values, Values]:
    """Accuracies, and similarities with CL on test images, of one run at its last epoch.

    Args:
        probes: columns objective, probe, accuracy.
        alignment: columns epoch, split, first, second, measure, value; no row of a run with a single twin.

    Returns:
        (objective, probe) -> percent, and (twin, measure) -> value; NaN of what has collapsed.
    """
    last = alignment[alignment["epoch"] == alignment["epoch"].max()]
    return _accuracies(probes, "accuracy"), _similarities(last, "value")


def report_values(table1: pd.DataFrame, table2: pd.DataFrame) -> tuple[Values, Values]:
    """The same of the means over seeds in Tables 1 and 2, whose rows begin with their data."""
    return _accuracies(with_numbers(table1), "mean"), _similarities(with_numbers(table2), "mean")


def side_by_side(names: tuple[str, str], first: tuple[Values, Values], second: tuple[Values, Values]) -> str:
    """Both as text: a row each value that either has, with the second less the first."""
    parts = [f"A: {names[0]}\nB: {names[1]}"]
    for title, digits, a, b in zip(("accuracy (%)", "similarity with CL"), (1, 4), first, second, strict=True):
        rows = [[" ".join(words), *_cells(words, a, b, digits)] for words in dict.fromkeys((*a, *b))]
        parts.append(tabulate(rows, [title, "A", "B", "B less A"], disable_numparse=True))
    return "\n\n".join(parts)


def _cells(words: tuple[str, ...], a: Mapping[tuple[str, ...], float], b: Values, digits: int) -> list[str]:
    one, other = a.get(words, math.nan), b.get(words, math.nan)
    difference = NOTHING if math.isnan(other - one) else f"{other - one:+.{digits}f}"
    return [_cell(words, values, digits) for values in (a, b)] + [difference]


def _cell(words: tuple[str, ...], values: Mapping[tuple[str, ...], float], digits: int) -> str:
    """A number, a dash for what is not there, and `collapsed` for what has no value."""
    value = values.get(words)
    return (
        COLLAPSED if value is not None and math.isnan(value) else number(math.nan if value is None else value, digits)
    )


def _accuracies(rows: pd.DataFrame, value: str) -> Values:
    return {(*_data(row), row["objective"], row["probe"].upper()): row[value] for row in rows.to_dict("records")}


def _similarities(rows: pd.DataFrame, value: str) -> Values:
    shown = rows[(rows["first"] == "cl") & (rows["split"] == "test") & rows["measure"].isin(SHOWN)]
    labels = {name: MEASURES[name].label for name in SHOWN}
    return {(*_data(row), row["second"], labels[row["measure"]]): row[value] for row in shown.to_dict("records")}


def _data(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    """Of a table of several data."""
    return (data_label(row["dataset"], row["classes"]),) if "dataset" in row else ()
