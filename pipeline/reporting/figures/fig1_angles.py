"""Figure 1: how far the weights of CL and NSCL turn from each other, beside how far their representations do."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.figures import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.reference import paper_values

LABELS = {"weight_angle": "weights", "representation_angle": "representations"}


def table(read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Angles in degrees of CL and NSCL at every kept epoch; the paper's two values stand in every row."""
    rows = read("weights").query("first == 'cl' and second == 'nscl'")
    found = summarise(rows, ("dataset", "classes", "epoch"), tuple(LABELS))
    printed = paper_values("fig1").set_index("measure")["value"]
    return found.assign(paper=[printed[f"{measure}_degrees"] for measure in found["measure"]])


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(1, len(groups))
    for panel, (title, rows) in zip(axes[0], groups, strict=True):
        for (measure, label), objective in zip(LABELS.items(), ("cl", "nscl"), strict=True):
            shown = rows[rows["measure"] == measure]
            style.line(panel, shown, objective, label=label)
            panel.axhline(
                shown["paper"].iloc[0],
                color=style.COLOURS[objective],
                linestyle=":",
                label=f"{label}, in the paper (data and epoch unstated)",
            )
        style.epochs_axis(panel, rows["epoch"])
        panel.set(title=title, ylim=(0, 95))
    axes[0][0].set_ylabel("angle between CL and NSCL (degrees)")
    style.legend(figure, axes[0][0], 2)
    return figure
