"""Figure 4: alignment of CL and NSCL over the epochs at several temperatures."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import PAPER, published

CAPTION = (
    "CKA and RSA of CL and NSCL over training at several temperatures, on test images. Crosses are the paper's, of "
    "training images."
)
EXPERIMENTS = ("temperature",)
READS = ("alignment",)
TWINS = ("cl", "nscl")


def table(reading: Reading) -> pd.DataFrame:
    """Of both splits, and the paper's values (`source`) where the dataset is the paper's."""
    rows = reading.read("alignment").query("first == 'cl' and second == 'nscl'")
    by = ("dataset", "classes", "temperature", "split", "epoch")
    parts = [summarise_long(rows, by, tuple(style.MEASURES)).assign(source="twins")]
    for temperature in sorted(set(rows["temperature"])):
        of_paper = published(reading, f"fig4_temperature_{float(temperature)}", rows)
        parts.append(of_paper.drop(columns="second").assign(temperature=temperature))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(style.MEASURES))
    looks = style.ordered(sorted(set(table["temperature"])))
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, style.MEASURES.items(), strict=True):
            shown = rows[rows["measure"] == measure].sort_values("epoch")
            test = shown[(shown["source"] != PAPER) & (shown["split"] == "test")]
            for value, (colour, marker) in looks.items():
                own = test[test["temperature"] == value]
                style.errorbars(panel, own["epoch"] + 1, own, colour, marker, f"temperature {value:g}")
                printed = shown[(shown["source"] == PAPER) & (shown["temperature"] == value)]
                style.crosses(panel, printed["epoch"] + 1, printed, colour, f"temperature {value:g}")
            style.epochs_axis(panel, test["epoch"])
            panel.set(title=title, ylabel=f"{label} of CL and NSCL")
    style.legend(figure, 3)
    return figure
