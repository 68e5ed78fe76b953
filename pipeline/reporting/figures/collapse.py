"""Neural collapse: how tight the classes are in every twin's representation over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.reading import Reading

CAPTION = "Class-distance-normalised variance (CDNV) of every twin; 0 is collapse."
EXPERIMENTS = ("trajectory",)
READS = ("collapse",)

LABELS = {"cdnv": "CDNV", "directional_cdnv": "directional CDNV"}


def table(reading: Reading) -> pd.DataFrame:
    return summarise(reading.read("collapse"), ("dataset", "classes", "objective", "split", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS))
    looks = style.looks(table["objective"])
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            for key, shown in rows[rows["measure"] == measure].groupby(["objective", "split"], sort=False):
                objective, split = map(str, key)
                style.line(panel, shown, looks[objective], f"{objective.upper()}, {split}", style.SPLIT_LINES[split])
            style.epochs_axis(panel, rows["epoch"])
            style.log_values(panel)
            panel.set(title=title, ylabel=f"{label} (0: collapsed)")
    style.legend(figure, axes[0][0], 4)
    return figure
