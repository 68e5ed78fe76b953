"""Similarity of each twin with CL over the epochs, for each encoder."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.tables import data_label
from pipeline.reporting.twin_names import with_cl

CAPTION = "CKA of each twin with CL over training on test images, for each encoder."
EXPERIMENTS = ("trajectory", "encoders")
READS = ("alignment",)
TWINS = ("cl",)


def table(reading: Reading) -> pd.DataFrame:
    rows = with_cl(reading.read("alignment").query("split == 'test'"))
    return summarise_long(rows, ("dataset", "classes", "encoder", "second", "epoch"), tuple(style.MEASURES))


def draw(table: pd.DataFrame) -> Figure:
    cka = table[table["measure"] == "cka"]
    groups = list(cka.groupby(["encoder", "dataset", "classes"], dropna=False))
    figure, axes = style.row_of_panels(len(groups))
    looks = style.looks(table["second"])
    for panel, ((encoder, dataset, classes), rows) in zip(axes, groups, strict=True):
        for objective, shown in rows.groupby("second", sort=False):
            style.line(panel, shown, looks[str(objective)], f"CL–{style.name_of(objective)}")
        style.epochs_axis(panel, rows["epoch"])
        panel.set(title=f"{data_label(dataset, classes)}\n{encoder}", ylabel="CKA with CL")
        style.likeness_axis(panel, cka)
    style.legend(figure, 4)
    return figure
