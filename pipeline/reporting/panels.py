"""Panels of figures, and what is drawn in them: lines with intervals, the paper's values, axes."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pipeline.reporting.page_size import WIDTH
from pipeline.reporting.style import LETTERS, PAPERS, Style, objective_label, styles
from pipeline.reporting.tables import DATA, data_label

HEIGHT = 2.25  # inches of a row of panels
MAX_COLUMNS = 3  # panels in a row
MANY = 1e4  # largest over smallest value of a logarithmic axis, from which there is no room for numbers between powers


class Panel(NamedTuple):
    """Axes with the rows that they show."""

    axes: Axes
    rows: pd.DataFrame  # of its dataset and its key
    key: str  # value of the column that distinguishes panels of a row
    label: str
    title: str  # dataset and number of classes
    data: pd.DataFrame  # rows of its dataset, of all keys


def by_data(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Title and rows of every dataset and number of classes, in one order in all figures."""
    return [(data_label(*key), rows) for key, rows in table.groupby(DATA, dropna=False)]


def panels(rows: int, columns: int) -> tuple[Figure, list[list[Axes]]]:
    """Create a grid as wide as a page, so that letters have one size in all figures; a single panel is narrower."""
    width = WIDTH if columns > 1 else WIDTH * 2 / 3
    figure = Figure(figsize=(width, HEIGHT * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).tolist()


def row_of_panels(count: int) -> tuple[Figure, list[Axes]]:
    """Create panels side by side, at most MAX_COLUMNS in a row."""
    columns = min(count, MAX_COLUMNS)
    figure, grid = panels(math.ceil(count / columns), columns)
    axes = [panel for row in grid for panel in row]
    for unused in axes[count:]:
        unused.remove()
    return figure, axes[:count]


def data_rows(table: pd.DataFrame, columns: int) -> tuple[Figure, list[tuple[list[Axes], str, pd.DataFrame]]]:
    """Create a row of panels for every dataset: axes, title, rows."""
    groups = by_data(table)
    figure, grid = panels(len(groups), columns)
    return figure, [(axes, title, rows) for axes, (title, rows) in zip(grid, groups, strict=True)]


def measure_grid(table: pd.DataFrame, labels: Mapping[str, str], column: str = "measure") -> tuple[Figure, list[Panel]]:
    """Create a row of panels for every dataset, and a column of panels for each labelled value of a table's column."""
    figure, rows_of_axes = data_rows(table, len(labels))
    return figure, [
        Panel(axes, rows[rows[column] == key], key, label, title, rows)
        for row, title, rows in rows_of_axes
        for axes, (key, label) in zip(row, labels.items(), strict=True)
    ]


def sentence_figure(text: str) -> Figure:
    """Create a figure of a single sentence."""
    figure = Figure(figsize=(WIDTH, HEIGHT / 4), layout="constrained")
    figure.text(0.01, 0.98, text, va="top", fontsize=LETTERS)
    return figure


def line(axes: Axes, rows: pd.DataFrame, look: Style, label: str, dashes: str = "-", log: bool = False) -> None:
    """Draw means over seeds against epoch + 1, with their intervals as a band where there are any.

    Args:
        axes: where to draw.
        rows: columns epoch, mean, ci_low, ci_high.
        look: colour and marker.
        label: in the legend.
        dashes: line style.
        log: intervals that reach 0 are not drawn, as they would fill the panel down to its edge.
    """
    rows = rows.sort_values("epoch")
    x = rows["epoch"] + 1
    visible = rows["ci_low"] > (0 if log else -math.inf)
    colour, marker = look
    axes.plot(x, rows["mean"], dashes, color=colour, marker=marker, markersize=4, label=label)
    axes.fill_between(x, rows["ci_low"], rows["ci_high"], where=visible, color=colour, alpha=0.12, linewidth=0)


def twin_lines(
    panel: Panel, column: str, twin_styles: Mapping[str, Style], prefix: str = "CL–", log: bool = False
) -> None:
    """Draw a line for each objective in a column, over the epochs."""
    for objective, rows in panel.rows.groupby(column, sort=False):
        line(panel.axes, rows, twin_styles[str(objective)], prefix + objective_label(objective), log=log)
    epochs_axis(panel.axes, panel.data["epoch"])


def errorbars(
    axes: Axes, x: "pd.Series[float]", rows: pd.DataFrame, look: Style, label: str, dashes: str = "-"
) -> None:
    """Draw means over seeds with their 95 % intervals, where there are any."""
    colour, marker = look
    shape = {"color": colour, "marker": marker, "ls": dashes, "markersize": 4, "capsize": 3}
    axes.errorbar(x, rows["mean"], spread(rows), label=label, **shape)


def horizontal_bars(
    axes: Axes, order: list[str], labels: list[str], points: Mapping[str, list[tuple[Any, Style]]]
) -> None:
    """Draw named rows from top to bottom, each with means and horizontal 95 % intervals.

    Args:
        axes: where to draw.
        order: names of the rows.
        labels: texts of the rows on the vertical axis.
        points: by name, rows of a table with their styles.
    """
    for place, name in enumerate(order):
        for rows, (colour, marker) in points[name]:
            axes.errorbar(rows["mean"], [place] * len(rows), xerr=spread(rows), color=colour, fmt=marker, capsize=3)
    axes.set_yticks(range(len(order)), labels)
    axes.set(ylim=(len(order) - 0.5, -0.5))


def spread(rows: pd.DataFrame) -> Any:
    """Distance of the interval's ends below and above the mean [2, N]; 0 where there is none."""
    return np.nan_to_num([rows["mean"] - rows["ci_low"], rows["ci_high"] - rows["mean"]])


def band(axes: Axes, rows: pd.DataFrame, label: str) -> None:
    """Draw a hatched range against epoch + 1, behind the lines."""
    drawn = axes.fill_between(rows["epoch"] + 1, rows["ci_low"], rows["ci_high"], label=label)
    drawn.set(facecolor="none", edgecolor="0.7", hatch="////", linewidth=0)


def crosses(axes: Axes, x: "pd.Series[float]", rows: pd.DataFrame, colour: Any, label: str) -> None:
    """Draw values of the paper."""
    if len(rows):
        axes.scatter(x, rows["mean"], marker="x", s=40, color=[colour], zorder=4, label=f"{label}{PAPERS}")


def similarity_axis(axes: Axes, rows: pd.DataFrame) -> None:
    """Set a vertical axis up to 1 that contains all intervals."""
    axes.set_ylim(float(rows[["mean", "ci_low"]].min().min()) - 0.03, 1.01)


def epochs_axis(axes: Axes, epochs: "pd.Series[int]") -> None:
    """Set an axis logarithmic in epoch + 1, as in the paper, labelled with epochs where there is room."""
    last, *earlier = sorted(set(epochs), reverse=True)
    labelled, room = [last], 0.1 * math.log(last + 1)  # of a label, in the axis' units
    for epoch in earlier:
        if math.log((labelled[-1] + 1) / (epoch + 1)) > room:
            labelled.append(epoch)
    axes.set_xscale("log")
    axes.set_xticks([epoch + 1 for epoch in labelled], [f"{epoch:g}" for epoch in labelled])
    axes.minorticks_off()
    axes.set_xlabel("epoch (0: initialisation)")


def values_axis(axes: Axes, values: "pd.Series[float]", label: str) -> None:
    """Set a logarithmic axis, labelled at the values that were run."""
    axes.set_xscale("log")
    ticks = sorted(set(values))
    axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
    axes.minorticks_off()
    axes.set_xlabel(label)


def log_values(axes: Axes) -> None:
    """Set a logarithmic vertical axis with plain numbers."""
    axes.set_yscale("log")
    _plain_numbers(axes.yaxis)


def log_progress(axes: Axes, label: str) -> None:
    """Set a logarithmic horizontal axis with plain numbers, of what is not swept: steps, path length."""
    axes.set_xscale("log")
    _plain_numbers(axes.xaxis)
    axes.set_xlabel(label)


def _plain_numbers(axis: Axis) -> None:
    """Set numbers at 1, 2 and 5 of every power of ten, or at the powers alone where there are many."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < MANY else (1.0,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


CL_AND_NSCL = tuple(styles(("cl", "nscl")).values())  # of two quantities
