"""Figure 1: angles between the weights and between the representations of CL and NSCL."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "Angle between the encoder weights of CL and NSCL, and angle whose cosine is their CKA on test images. Dotted: the "
    "paper's values, whose data and epoch it does not state."
)
EXPERIMENTS = ("trajectory",)
READS = ("weights",)
TWINS = ("cl", "nscl")

LABELS = {"weight_angle": "weights", "representation_angle": "representations"}


def table(reading: Reading) -> pd.DataFrame:
    """Angles in degrees of CL and NSCL at every kept epoch, with the paper's value in every row."""
    rows = reading.read("weights").query("first == 'cl' and second == 'nscl'")
    summary = summarise(rows, ("dataset", "classes", "epoch"), tuple(LABELS))
    printed = reading.paper("fig1").set_index("measure")["value"]
    return summary.assign(paper=[printed[f"{measure}_degrees"] for measure in summary["measure"]])


def draw(table: pd.DataFrame) -> Figure:
    """Draw both angles over the epochs, and the paper's as dotted lines."""
    groups = panels.by_data(table)
    figure, axes = panels.row_of_panels(len(groups))
    for panel, (title, rows) in zip(axes, groups, strict=True):
        for (measure, label), look in zip(LABELS.items(), panels.CL_AND_NSCL, strict=True):
            angles = rows[rows["measure"] == measure]
            panels.line(panel, angles, look, label)
            panel.axhline(angles["paper"].iloc[0], color=look[0], linestyle=":", label=f"{label}, in the paper")
        panels.epochs_axis(panel, rows["epoch"])
        highest = float(rows[["mean", "ci_high"]].max().max())
        panel.set(title=title, ylim=(0, max(95, 1.05 * highest)), ylabel="CL–NSCL angle (°)")
    style.legend(figure, 4)
    return figure
