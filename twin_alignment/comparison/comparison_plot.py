"""Picture of a comparison: the measures of one pair with intervals, or a matrix per measure of several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin_alignment.comparison.short_names import short_names
from twin_alignment.measures.registry import ALL_MEASURES

if TYPE_CHECKING:
    from twin_alignment.comparison.result import Comparison

WIDTH = 7.2  # of a page between its margins; inches
LETTERS, SMALL = 7.0, 4.0  # points, of few files and of many
MAX_LETTERS = 24  # of a name
MAX_SIDE_BY_SIDE, MAX_READABLE = 12, 16  # files up to which two matrices share a row, and numbers fit their cells


def draw(comparison: Comparison) -> Figure:
    """Return a figure of values of one pair, or of matrices of several."""
    return _pair(comparison) if len(comparison.pairs) == 1 else _matrices(comparison)


def _pair(comparison: Comparison) -> Figure:
    (values,) = comparison.pairs.values()
    figure = Figure(figsize=(7, 1.2 + 0.45 * len(values)), layout="constrained")
    axis = figure.subplots()
    for place, estimate in enumerate(values.values()):
        axis.plot(estimate.value, place, "o", color="C0", label="value, 95 % interval" if place == 0 else None)
        if not math.isnan(estimate.low):
            axis.plot([estimate.low, estimate.high], [place, place], color="C0")
        if not math.isnan(estimate.null):
            label = "chance" if place == 0 else None
            axis.plot(estimate.null, place, "|", color="0.4", markersize=12, label=label)
    axis.set_yticks(range(len(values)), [ALL_MEASURES[name].label for name in values])
    numbers = [estimate.value for estimate in values.values() if not math.isnan(estimate.value)]
    axis.set_xlim(min(0.0, *numbers) - 0.02, max(1.0, *numbers) + 0.02)
    axis.invert_yaxis()
    axis.set_title(" and ".join(_names(comparison)))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _matrices(comparison: Comparison) -> Figure:
    """A grid as wide as a page: two matrices side by side where files are few, below each other where they are many."""
    names, measures = _names(comparison), comparison.measures
    readable, across = len(names) <= MAX_READABLE, min(2, len(measures)) if len(names) <= MAX_SIDE_BY_SIDE else 1
    margin = MAX_LETTERS * 0.01 * LETTERS if readable else 1.4  # for the names; inches
    down, side = math.ceil(len(measures) / across), (WIDTH - margin) / (2 if len(names) <= MAX_SIDE_BY_SIDE else 1)
    figure = Figure(figsize=(margin + side * across, (side + 0.4) * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharey=True).flatten()
    labels = [f"{_shortened(name)}  {number}" for number, name in enumerate(names, start=1)]
    for axis, measure in zip(axes, measures, strict=False):
        _matrix(axis, comparison.matrix(measure), labels, readable)
        axis.set_title(ALL_MEASURES[measure].label, fontsize=LETTERS + 1)
    for axis in axes[len(measures) :]:
        axis.remove()
    return figure


def _matrix(axis: Axes, matrix: pd.DataFrame, labels: list[str], readable: bool) -> None:
    """Coloured cells, with their numbers where these fit, and with a bar of colours otherwise."""
    values, size = matrix.to_numpy(), len(labels)
    image = axis.imshow(values, vmin=0, vmax=1, cmap="viridis")
    axis.set_xticks(range(size), [str(number) for number in range(1, size + 1)])
    axis.set_yticks(range(size), labels)
    axis.tick_params(labelsize=LETTERS if readable else SMALL, length=0)
    axis.spines[:].set_visible(False)
    axis.set_anchor("E")  # what a square leaves of its place is for the names
    if not readable:
        axis.figure.colorbar(image, ax=axis)
        return
    for row in range(size):
        for column in range(size):
            value = float(values[row, column])
            colour = "white" if value < 0.6 else "black"  # viridis ends in yellow
            axis.text(column, row, _number(value), size=LETTERS, color=colour, ha="center", va="center")


def _number(value: float) -> str:
    """Two digits, without a zero before them: cells are narrow."""
    if math.isnan(value):
        return ""
    return f"{value:z.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def _shortened(name: str) -> str:
    """A name whose middle is left out where it would take the room of the matrix."""
    return name if len(name) <= MAX_LETTERS else f"{name[: MAX_LETTERS // 2 - 1]}…{name[-MAX_LETTERS // 2 :]}"


def _names(comparison: Comparison) -> list[str]:
    """Short names; Matplotlib sets text between two bare dollars as mathematics."""
    return [name.replace("$", r"\$") for name in short_names(comparison.names)]
