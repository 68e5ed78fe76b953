"""Neural collapse: how tight the classes are in every twin's representation over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import without_partial_labels

CAPTION = (
    "Class-distance-normalised variance (CDNV) of every twin on test images: spread within two classes over the "
    "distance between their means; 0 is collapse. Directional: the spread along the line between the means alone. "
    "An interval that reaches 0 is not drawn."
)
EXPERIMENTS = ("trajectory",)
READS = ("collapse",)
TWINS = ("cl",)

LABELS = {"cdnv": "CDNV", "directional_cdnv": "directional CDNV"}


def table(reading: Reading) -> pd.DataFrame:
    """Of both splits."""
    rows = without_partial_labels(reading.read("collapse"), "objective")
    return summarise(rows, ("dataset", "classes", "objective", "split", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table[table["split"] == "test"])
    figure, axes = style.panels(len(groups), len(LABELS))
    looks = style.looks(table["objective"])
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            for objective, shown in rows[rows["measure"] == measure].groupby("objective", sort=False):
                style.line(panel, shown, looks[str(objective)], style.name_of(objective), log=True)
            style.epochs_axis(panel, rows["epoch"])
            style.log_values(panel)
            panel.set(title=title, ylabel=label)
    style.legend(figure, 4)
    return figure
