"""Two runs, or two experiments, side by side: accuracies and similarities with CL, and how far they differ."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.reporting.tables import COLLAPSED, NOTHING, data_label, number, with_numbers
from twin_alignment.measures.registry import MEASURES

Values = dict[tuple[str, ...], float]  # labels of a row -> value
LABELS = {name: measure.label for name, measure in MEASURES.items() if measure.table}


def run_values(probes: pd.DataFrame, alignment: pd.DataFrame) -> tuple[Values, Values]:
    """Accuracies, and similarities with CL on test images, of one run at its last epoch.

    Args:
        probes: columns objective, probe, accuracy.
        alignment: columns epoch, split, first, second, measure, value; empty for a run with a single twin.

    Returns:
        (objective, probe) -> percent, and (twin, measure) -> value; nan of what has collapsed.
    """
    last = alignment[alignment["epoch"] == alignment["epoch"].max()]
    return _accuracies(probes, "accuracy"), _similarities(last, "value")


def report_values(table1: pd.DataFrame, table2: pd.DataFrame) -> tuple[Values, Values]:
    """Read the same values as means over seeds from Tables 1 and 2, with the data as first label."""
    return _accuracies(with_numbers(table1), "mean"), _similarities(with_numbers(table2), "mean")


def side_by_side(names: tuple[str, str], first: tuple[Values, Values], second: tuple[Values, Values]) -> str:
    """Both as text: a row for each value that either has, with the second minus the first."""
    parts = [f"A: {names[0]}\nB: {names[1]}"]
    for title, digits, a, b in zip(("accuracy (%)", "similarity with CL"), (1, 4), first, second, strict=True):
        rows = []
        for labels in dict.fromkeys((*a, *b)):
            change = b.get(labels, math.nan) - a.get(labels, math.nan)
            text = NOTHING if math.isnan(change) else f"{change:+.{digits}f}"
            rows.append([" ".join(labels), _cell(a.get(labels), digits), _cell(b.get(labels), digits), text])
        parts.append(tabulate(rows, [title, "A", "B", "B minus A"], disable_numparse=True))
    return "\n\n".join(parts)


def _cell(value: float | None, digits: int) -> str:
    if value is None:
        return NOTHING
    return COLLAPSED if math.isnan(value) else number(value, digits)


def _accuracies(rows: pd.DataFrame, value: str) -> Values:
    return {(*_data(row), row["objective"], row["probe"].upper()): row[value] for row in rows.to_dict("records")}


def _similarities(rows: pd.DataFrame, value: str) -> Values:
    rows = rows[(rows["first"] == "cl") & (rows["split"] == "test") & rows["measure"].isin(list(LABELS))]
    return {(*_data(row), row["second"], LABELS[row["measure"]]): row[value] for row in rows.to_dict("records")}


def _data(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    """Label of the data, in a table of several."""
    return (data_label(row["dataset"], row["classes"]),) if "dataset" in row else ()
