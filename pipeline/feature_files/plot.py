"""A comparison of files as a picture: two files' measures with intervals, or matrices of several files."""

import math

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from pipeline.alignment.measures import ALL_MEASURES
from pipeline.feature_files.comparison import Comparison
from pipeline.feature_files.short_names import short_names
from pipeline.feature_files.text import as_json

WIDTH = 4.6  # of a matrix, inches
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
    matrices = as_json(found)["matrices"]
    names = _names(found)
    side = max(WIDTH, 0.7 * len(names) + 1.8)
    figure = Figure(figsize=(side * len(matrices), side), layout="constrained")
    axes = figure.subplots(1, len(matrices), squeeze=False)[0]
    for axis, (name, matrix) in zip(axes, matrices.items(), strict=True):
        table = pd.DataFrame(matrix, names, names, dtype=float)
        sns.heatmap(table, vmin=0, vmax=1, annot=True, fmt=".2f", cmap="viridis", square=True, cbar=False, ax=axis)
        axis.set_title(ALL_MEASURES[name].label, fontsize=10)
    return figure


def _names(found: Comparison) -> list[str]:
    """Short names of the files; Matplotlib sets what stands between two bare dollars as mathematics."""
    return [name.replace("$", r"\$") for name in short_names([file.source for file in found.files])]
