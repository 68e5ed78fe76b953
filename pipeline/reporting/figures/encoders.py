"""Similarity of each supervised twin with CL over the epochs, for each encoder."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.reading import Reading

CAPTION = "CKA of each supervised twin with CL over training, for each encoder."
EXPERIMENTS = ("trajectory", "encoders")
READS = ("alignment",)


def table(reading: Reading) -> pd.DataFrame:
    rows = reading.read("alignment").query("first == 'cl' and split == 'test'")
    return summarise_long(rows, ("dataset", "classes", "encoder", "second", "epoch"), tuple(style.MEASURES))


def draw(table: pd.DataFrame) -> Figure:
    cka = table[table["measure"] == "cka"]
    groups = list(cka.groupby(["encoder", "dataset", "classes"], sort=False))
    figure, axes = style.panels(1, len(groups))
    looks = style.looks(table["second"])
    for panel, ((encoder, dataset, classes), rows) in zip(axes[0], groups, strict=True):
        for objective, shown in rows.groupby("second", sort=False):
            style.line(panel, shown, looks[str(objective)], f"CL–{str(objective).upper()}")
        style.epochs_axis(panel, rows["epoch"])
        panel.set(title=f"{encoder}: {dataset}, C = {classes}", ylim=(min(0.0, cka["mean"].min()), 1.02))
    axes[0][0].set_ylabel("CKA with CL, test images")
    style.legend(figure, axes[0][0], 3)
    return figure
