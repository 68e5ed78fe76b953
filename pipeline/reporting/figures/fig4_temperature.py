"""Figure 4: alignment of CL and NSCL over the epochs at several temperatures."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.reading import Reading

CAPTION = "CKA and RSA of CL and NSCL over training at three temperatures."
EXPERIMENTS = ("temperature",)
READS = ("alignment",)


def table(reading: Reading) -> pd.DataFrame:
    rows = reading.read("alignment").query("first == 'cl' and second == 'nscl'")
    return summarise_long(rows, ("dataset", "classes", "temperature", "split", "epoch"), tuple(style.MEASURES))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(style.MEASURES))
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, style.MEASURES.items(), strict=True):
            shown = rows[(rows["measure"] == measure) & (rows["split"] == "test")]
            for value, (colour, marker) in style.ordered(sorted(set(shown["temperature"]))).items():
                own = shown[shown["temperature"] == value].sort_values("epoch")
                style.errorbars(panel, own["epoch"] + 1, own, colour, marker, f"temperature {value:g}")
            style.epochs_axis(panel, shown["epoch"])
            panel.set(title=f"{title}, test images", ylabel=f"{label} of CL and NSCL")
    style.legend(figure, axes[0][0], 3)
    return figure
