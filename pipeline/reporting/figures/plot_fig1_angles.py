"""Figure 1: how far the weights of CL and NSCL turn from each other, beside how far their representations do."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
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
    """Angles in degrees of CL and NSCL at every kept epoch; the paper's two values stand in every row."""
    rows = reading.read("weights").query("first == 'cl' and second == 'nscl'")
    found = summarise(rows, ("dataset", "classes", "epoch"), tuple(LABELS))
    printed = reading.paper("fig1").set_index("measure")["value"]
    return found.assign(paper=[printed[f"{measure}_degrees"] for measure in found["measure"]])


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.row_of_panels(len(groups))
    for panel, (title, rows) in zip(axes, groups, strict=True):
        for (measure, label), look in zip(LABELS.items(), style.looks(("cl", "nscl")).values(), strict=True):
            shown = rows[rows["measure"] == measure]
            style.line(panel, shown, look, label)
            panel.axhline(
                shown["paper"].iloc[0],
                color=look[0],
                linestyle=":",
                label=f"{label}, in the paper",
            )
        style.epochs_axis(panel, rows["epoch"])
        highest = float(rows[["mean", "ci_high"]].max().max())
        panel.set(title=title, ylim=(0, max(95, 1.05 * highest)), ylabel="CL–NSCL angle (°)")
    style.legend(figure, 4)
    return figure
