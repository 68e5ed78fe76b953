"""Similarity of each twin with CL over the epochs, for each encoder."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.reading import Reading
from pipeline.reporting.tables import data_label
from pipeline.reporting.twins import with_cl

CAPTION = "CKA of each twin with CL over training, for each encoder."
EXPERIMENTS = ("trajectory", "encoders")
READS = ("alignment",)


def table(reading: Reading) -> pd.DataFrame:
    rows = with_cl(reading.read("alignment").query("split == 'test'"))
    return summarise_long(rows, ("dataset", "classes", "encoder", "second", "epoch"), tuple(style.MEASURES))


def draw(table: pd.DataFrame) -> Figure:
    cka = table[table["measure"] == "cka"]
    groups = list(cka.groupby(["encoder", "dataset", "classes"], sort=False, dropna=False))
    figure, axes = style.panels(1, len(groups))
    looks = style.looks(table["second"])
    for panel, ((encoder, dataset, classes), rows) in zip(axes[0], groups, strict=True):
        for objective, shown in rows.groupby("second", sort=False):
            style.line(panel, shown, looks[str(objective)], f"CL–{style.name_of(objective)}")
        style.epochs_axis(panel, rows["epoch"])
        panel.set(title=f"{encoder}: {data_label(dataset, classes)}", ylim=(cka["mean"].min() - 0.03, 1.01))
    axes[0][0].set_ylabel("CKA with CL, test images")
    style.legend(figure, axes[0][0], 4, *axes[0][1:])
    return figure
