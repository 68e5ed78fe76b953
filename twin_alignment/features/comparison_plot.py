"""A comparison of files as a picture: two files' measures with intervals, or matrices of several files."""

import math

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from twin_alignment.features.comparison_text import as_json
from twin_alignment.features.file_comparison import Comparison
from twin_alignment.features.short_names import short_names
from twin_alignment.measures.registry import ALL_MEASURES

WIDTH = 7.2  # of a page between its margins; inches
LETTERS, SMALL = 7.0, 4.0  # points, of few files and of many
LONGEST = 24  # letters of a name
SIDE_BY_SIDE, READABLE = 12, 16  # files up to which two matrices share a row, and numbers fit their cells
FORMATS = (".png", ".pdf", ".svg")


def draw(found: Comparison) -> Figure:
    return _one_pair(found) if len(found.pairs) == 1 else _matrices(found)


def _one_pair(found: Comparison) -> Figure:
    (pair,) = found.pairs
    values = found.pairs[pair]
    figure = Figure(figsize=(7, 1.2 + 0.45 * len(values)), layout="constrained")
    axis = figure.subplots()
    for place, one in enumerate(values.values()):
        axis.plot(one.value, place, "o", color="C0", label="value, 95 % interval" if place == 0 else None)
        if not math.isnan(one.low):
            axis.plot([one.low, one.high], [place, place], color="C0")
        if not math.isnan(one.null):
            label = "chance" if place == 0 else None
            axis.plot(one.null, place, "|", color="0.4", markersize=12, label=label)
    axis.set_yticks(range(len(values)), [ALL_MEASURES[name].label for name in values])
    shown = [one.value for one in values.values() if not math.isnan(one.value)]
    axis.set_xlim(min(0.0, *shown) - 0.02, max(1.0, *shown) + 0.02)
    axis.invert_yaxis()
    axis.set_title(" and ".join(_names(found)))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _matrices(found: Comparison) -> Figure:
    """A grid as wide as a page: two matrices side by side where files are few, below each other where they are many."""
    matrices = as_json(found)["matrices"]
    names = [_shortened(name) for name in _names(found)]
    numbers = [str(place) for place, _ in enumerate(names, start=1)]
    rows = [f"{name}  {number}" for name, number in zip(names, numbers, strict=True)]
    told = len(names) <= READABLE
    margin = LONGEST * 0.01 * LETTERS if told else 1.4  # for the names; inches
    across = min(2, len(matrices)) if len(names) <= SIDE_BY_SIDE else 1
    down, side = math.ceil(len(matrices) / across), (WIDTH - margin) / (2 if len(names) <= SIDE_BY_SIDE else 1)
    figure = Figure(figsize=(margin + side * across, (side + 0.4) * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharey=True).flatten()
    for axis, (name, matrix) in zip(axes, matrices.items(), strict=False):
        table = pd.DataFrame(matrix, rows, numbers, dtype=float)
        cells = table.map(_number) if told else None
        look = {"annot": cells, "fmt": "", "annot_kws": {"size": LETTERS}, "cbar": not told}
        sns.heatmap(table, vmin=0, vmax=1, cmap="viridis", square=True, ax=axis, xticklabels=1, yticklabels=1, **look)
        axis.tick_params(labelsize=LETTERS if told else SMALL, rotation=0)
        axis.set_title(ALL_MEASURES[name].label, fontsize=LETTERS + 1)
        axis.set_anchor("E")  # what a square leaves of its place is for the names
    for axis in axes[len(matrices) :]:
        axis.remove()
    return figure


def _number(value: float) -> str:
    """Two digits, without a zero before them: cells are narrow."""
    if math.isnan(value):
        return ""
    return f"{value:z.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def _shortened(name: str) -> str:
    """A name whose middle is left out where it would take the matrix' room."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2 - 1]}…{name[-LONGEST // 2 :]}"


def _names(found: Comparison) -> list[str]:
    """Short names of the files; Matplotlib sets what stands between two bare dollars as mathematics."""
    return [name.replace("$", r"\$") for name in short_names([file.source for file in found.files])]
