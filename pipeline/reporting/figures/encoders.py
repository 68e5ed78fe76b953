"""Similarity of each supervised twin with CL over the epochs, for each encoder."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.figures import style
from pipeline.reporting.measured import summarise


def table(read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    rows = read("alignment").query("first == 'cl' and split == 'test'")
    return summarise(rows, ("dataset", "classes", "encoder", "second", "epoch"), tuple(style.MEASURES))


def draw(table: pd.DataFrame) -> Figure:
    cka = table[table["measure"] == "cka"]
    groups = list(cka.groupby(["encoder", "dataset", "classes"], sort=False))
    figure, axes = style.panels(1, len(groups))
    for panel, ((encoder, dataset, classes), rows) in zip(axes[0], groups, strict=True):
        for objective, shown in rows.groupby("second", sort=False):
            style.line(panel, shown, str(objective), label=f"CL–{str(objective).upper()}")
        style.epochs_axis(panel, rows["epoch"])
        panel.set(title=f"{encoder}: {dataset}, C = {classes}", ylim=(min(0.0, cka["mean"].min()), 1.02))
    axes[0][0].set_ylabel("CKA with CL, test images")
    style.legend(figure, axes[0][0], 3)
    return figure
