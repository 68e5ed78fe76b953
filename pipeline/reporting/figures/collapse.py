"""Neural collapse: how tight the classes are in every twin's representation over the epochs."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.figures import style
from pipeline.reporting.measured import summarise

LABELS = {"cdnv": "CDNV", "directional_cdnv": "directional CDNV"}


def table(read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    return summarise(read("collapse"), ("dataset", "classes", "objective", "split", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS))
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            for key, shown in rows[rows["measure"] == measure].groupby(["objective", "split"], sort=False):
                objective, split = map(str, key)
                style.line(panel, shown, objective, style.SPLIT_LINES[split], f"{objective.upper()}, {split}")
            style.epochs_axis(panel, rows["epoch"])
            style.log_values(panel)
            panel.set(title=title, ylabel=f"{label} (0: collapsed)")
    style.legend(figure, axes[0][0], 4)
    return figure
