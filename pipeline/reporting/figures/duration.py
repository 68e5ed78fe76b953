"""Longer training: similarity with CL beside neural collapse, over the epochs."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.figures import style
from pipeline.reporting.measured import summarise

LABELS = {"cka": "CKA with CL", "rsa": "RSA with CL", "cdnv": "CDNV (0: collapsed)"}
BY = ("dataset", "classes", "objective", "epoch")


def table(read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Of test images; `objective` is the twin that is compared with CL, or whose own classes are looked at."""
    twins = read("alignment").query("first == 'cl' and split == 'test'").rename(columns={"second": "objective"})
    collapse = read("collapse").query("split == 'test'")
    return pd.concat([summarise(twins, BY, ("cka", "rsa")), summarise(collapse, BY, ("cdnv",))], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS))
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            for objective, shown in rows[rows["measure"] == measure].groupby("objective", sort=False):
                style.line(panel, shown, str(objective), label=str(objective).upper())
            style.epochs_axis(panel, rows["epoch"])
            panel.set(title=f"{title}, test images", ylabel=label)
        style.log_values(row[-1])
    style.legend(figure, axes[0][-1], 4)
    return figure
