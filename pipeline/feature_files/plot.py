"""A comparison of files as a picture: two files' measures with intervals, or matrices of several files."""

import math
from pathlib import Path

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from pipeline.feature_files.comparison import Comparison
from pipeline.feature_files.measures import ASKED
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
    axis.set_yticks(range(len(values)), [ASKED[name].label for name in values])
    axis.set_xlim(min(0.0, *(one.value for one in values.values())) - 0.02, 1.02)
    axis.invert_yaxis()
    axis.set_title(" and ".join(map(_name, pair)))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _matrices(found: Comparison) -> Figure:
    matrices = as_json(found)["matrices"]
    names = [_name(file.source) for file in found.files]
    side = max(WIDTH, 0.7 * len(names) + 1.8)
    figure = Figure(figsize=(side * len(matrices), side), layout="constrained")
    axes = figure.subplots(1, len(matrices), squeeze=False)[0]
    for axis, (name, matrix) in zip(axes, matrices.items(), strict=True):
        table = pd.DataFrame(matrix, names, names, dtype=float)
        sns.heatmap(table, vmin=0, vmax=1, annot=True, fmt=".2f", cmap="viridis", square=True, cbar=False, ax=axis)
        axis.set_title(ASKED[name].label, fontsize=10)
    return figure


def _name(source: str) -> str:
    """Of the file; Matplotlib sets what stands between two bare dollars as mathematics."""
    return Path(source).name.replace("$", r"\$")
