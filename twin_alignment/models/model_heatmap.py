"""Heat map of a measure for all layers of two networks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from twin_alignment.measures.registry import ALL_MEASURES

if TYPE_CHECKING:
    from twin_alignment.models.model_comparison import ModelComparison

CELL, MARGIN = 0.32, 1.8  # inches
MIN_SIDE, MAX_SIDE = 3.0, 16.0  # inches of the whole
MAX_READABLE = 24  # layers of a side up to which numbers fit their cells
LETTERS, SMALL = 7.0, 4.0  # points


def draw_heatmap(comparison: ModelComparison, measure: str) -> Figure:
    """Draw one measure: layers of the first network from top to bottom, those of the second from left to right.

    Args:
        comparison: of two networks.
        measure: column of its table.

    Returns:
        A figure; `savefig` writes it.
    """
    matrix = comparison.matrix(measure)
    sides = [min(max(MARGIN + CELL * count, MIN_SIDE), MAX_SIDE) for count in matrix.shape]
    figure = Figure(figsize=(sides[1] + 0.8, sides[0]), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(matrix.to_numpy(), vmin=0, vmax=1, cmap="viridis", aspect="auto")
    is_readable = max(matrix.shape) <= MAX_READABLE
    size = LETTERS if is_readable else SMALL
    axis.set_xticks(range(matrix.shape[1]), [_plain(name) for name in matrix.columns], rotation=90, fontsize=size)
    axis.set_yticks(range(matrix.shape[0]), [_plain(name) for name in matrix.index], fontsize=size)
    axis.set_ylabel(_plain(comparison.names[0]), fontsize=LETTERS + 1)
    axis.set_xlabel(_plain(comparison.names[1]), fontsize=LETTERS + 1)
    label = ALL_MEASURES[measure].label if measure in ALL_MEASURES else measure
    axis.set_title(f"{label}, {comparison.rows} images", fontsize=LETTERS + 1)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    figure.colorbar(image, ax=axis, shrink=0.8).ax.tick_params(labelsize=LETTERS)
    for row, values in enumerate(matrix.to_numpy() if is_readable else ()):
        for column, value in enumerate(values):
            if not math.isnan(value):
                colour = "white" if value < 0.6 else "black"  # viridis ends in yellow
                axis.text(column, row, f"{value:z.2f}", size=LETTERS - 1, color=colour, ha="center", va="center")
    return figure


def _plain(name: str) -> str:
    """Name without mathematics, which Matplotlib sets between two bare dollars."""
    return str(name).replace("$", r"\$")
