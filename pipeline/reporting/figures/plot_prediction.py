"""Predictions of the forcing, the certificate and Theorem 1 for the same runs, against what was measured."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.predictions import displacements, predictions
from pipeline.reporting.twin_names import FLOOR

CAPTION = (
    "CKA with CL at the end, measured and predicted from CL's checkpoints and labels alone: by the coherent part of "
    "the difference of gradients (forcing), by the certificate, by Theorem 1's mismatch, and by the path length. One "
    "constant each is fitted on one twin; the diagonal is a perfect prediction. Error: root mean square over the other "
    "twins; rank: Spearman's correlation of predicted and measured distance."
)
EXPERIMENTS = ("label_granularity",)
READS = ("forcing", "alignment")
TWINS = ("cl", "cl_perturbed")

REFERENCE = "nscl_two"  # its labels have most to say, so that its distance is measured best
LABELS = {
    "forcing": "forcing",
    "certificate": "certificate",
    "theorem1": "Theorem 1",
    "path_length": "path length",
}


def table(reading: Reading) -> pd.DataFrame:
    """A row for each twin and predictor, see `predictions`."""
    frame = displacements(reading.read("forcing"), reading.read("alignment"), FLOOR)
    names = list(frame["second"])
    return predictions(frame, REFERENCE if REFERENCE in names else names[-1])


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel a predictor: predicted against measured CKA, a marker a twin."""
    look = style.styles(table["second"])
    figure, grid = panels.measure_grid(table, LABELS, "predictor")
    low = float(table[["measured", "predicted"]].min().min()) - 0.01
    for panel in grid:
        for row in panel.rows.to_dict("records"):
            colour, marker = look[row["second"]]
            label = style.objective_label(row["second"])
            panel.axes.plot(row["measured"], row["predicted"], marker, color=colour, markersize=5, label=label)
        panel.axes.plot([low, 1], [low, 1], color="0.6", linewidth=0.8)
        first = panel.rows.iloc[0]
        panel.axes.set(
            title=f"{panel.label}\nerror {first['error']:.3f}, rank {first['rank']:.2f}",
            xlabel="measured CKA",
            ylabel="predicted CKA",
        )
    style.legend(figure, 4)
    return figure
