"""Longer training: similarity with CL beside neural collapse, over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import with_cl, without_partial_labels

CAPTION = (
    "Longer training, on test images: similarity with CL, and how far each twin's classes have collapsed, as "
    "class-distance-normalised variance (CDNV: spread within classes over the distance between them; 0 is collapse). "
    "An interval of it that reaches 0 is not drawn."
)
EXPERIMENTS = ("duration",)
READS = ("alignment", "collapse")
TWINS = ("cl",)

LABELS = {name: f"{label} with CL" for name, label in style.MEASURES.items()} | {"cdnv": "CDNV"}
BY = ("dataset", "classes", "objective", "epoch")


def table(reading: Reading) -> pd.DataFrame:
    """Of test images; `objective` is the twin that is compared with CL, or whose own classes are looked at."""
    twins = with_cl(reading.read("alignment").query("split == 'test'")).rename(columns={"second": "objective"})
    collapse = without_partial_labels(reading.read("collapse").query("split == 'test'"), "objective")
    return pd.concat(
        [summarise_long(twins, BY, tuple(style.MEASURES)), summarise(collapse, BY, ("cdnv",))], ignore_index=True
    )


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS))
    looks = style.looks(table["objective"])
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            for objective, shown in rows[rows["measure"] == measure].groupby("objective", sort=False):
                style.line(panel, shown, looks[str(objective)], style.name_of(objective), log=panel is row[-1])
            style.epochs_axis(panel, rows["epoch"])
            panel.set(title=title, ylabel=label)
        style.log_values(row[-1])
    style.legend(figure, 4)
    return figure
