"""Figure 6: gap between the encoder weights of CL and of its supervised twins over the epochs."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.figures import style
from pipeline.reporting.measured import summarise


def table(read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    rows = read("weights").query("first == 'cl'")
    return summarise(rows, ("dataset", "classes", "second", "epoch"), ("weight_gap",))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(1, len(groups))
    for panel, (title, rows) in zip(axes[0], groups, strict=True):
        for objective, shown in rows.groupby("second", sort=False):
            style.line(panel, shown, str(objective), label=f"CL–{str(objective).upper()}")
        style.epochs_axis(panel, rows["epoch"])
        panel.set(title=title)
        panel.set_ylim(bottom=0)
    axes[0][0].set_ylabel("weight gap (0: equal weights)")
    style.legend(figure, axes[0][0], 3)
    return figure
