"""Predictions of the forcing, the certificate and Theorem 1 for the same runs, against what was measured."""

from collections.abc import Hashable
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.predictions import displacements, predictions

CAPTION = (
    "CKA with CL at the end, measured and predicted from CL's checkpoints and labels alone: by the coherent part of "
    "the difference of gradients (forcing), by the certificate, by Theorem 1's mismatch, and by the path length. One "
    "constant each is fitted on the twin that the forcing says ends furthest; the diagonal is a perfect prediction. "
    "Error: root mean square over the other twins; rank: Spearman's correlation of predicted and measured distance."
)
EXPERIMENTS = ("label_granularity",)
OPTIONAL_EXPERIMENTS = ("classes", "temperature", "batch", "duration")
READS = ("forcing", "alignment")
TWINS = ("cl", "cl_perturbed")

LABELS = {
    "forcing": "forcing",
    "certificate": "certificate",
    "theorem1": "Theorem 1",
    "path_length": "path length",
}


def table(reading: Reading) -> pd.DataFrame:
    """A row for each twin and predictor, see `predictions`."""
    return predictions(displacements(reading.read("forcing"), reading.read("alignment")))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel a predictor: predicted against measured CKA, a marker a twin."""
    usual = table["classes"].mode(dropna=False)[0]
    table = table.assign(name=[_name(row, usual) for row in table.to_dict("records")], classes=usual)
    look = style.styles(table["name"])
    figure, grid = panels.measure_grid(table, LABELS, "predictor")
    low = float(table[["measured", "predicted"]].min().min()) - 0.01
    for panel in grid:
        for row in panel.rows.to_dict("records"):
            colour, marker = look[row["name"]]
            panel.axes.plot(row["measured"], row["predicted"], marker, color=colour, markersize=5, label=row["name"])
        panel.axes.plot([low, 1], [low, 1], color="0.6", linewidth=0.8)
        first = panel.rows.iloc[0]
        panel.axes.set(
            title=f"{panel.label}\nerror {first['error']:.3f}, rank {first['rank']:.2f}",
            xlabel="measured CKA",
            ylabel="predicted CKA",
        )
    style.legend(figure, 4)
    return figure


def _name(row: dict[Hashable, Any], usual_classes: Any) -> str:
    """Name of a twin, with how its setting differs from the usual one."""
    classes = "" if row["classes"] == usual_classes or pd.isna(row["classes"]) else f"C = {row['classes']}"
    setting = row["setting"] if isinstance(row["setting"], str) else ""  # empty text is nan in a file
    return ", ".join(part for part in (style.objective_label(row["second"]), setting, classes) if part)
