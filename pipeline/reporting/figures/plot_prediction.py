"""Predictions of the forcing, the certificate and Theorem 1 for the same runs, against what was measured."""

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
    names = table["second"].map(style.objective_label) + table["setting"].map(
        lambda name: f", {name}" if name and isinstance(name, str) else ""  # empty text is nan in a file
    )
    look = style.styles(names)
    table = table.assign(name=names)
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
