"""Similarity of each twin with CL over the epochs, for each encoder."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.tables import DATA, data_label
from pipeline.reporting.twin_names import pairs_with_cl

CAPTION = "CKA of each twin with CL over training on test images, for each encoder."
EXPERIMENTS = ("trajectory", "encoders")
READS = ("alignment",)
TWINS = ("cl",)


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds on test images."""
    rows = pairs_with_cl(reading.read("alignment").query("split == 'test'"))
    return summarise_long(rows, ("dataset", "classes", "encoder", "second", "epoch"), tuple(style.MEASURES))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel for each encoder and dataset."""
    cka = table[table["measure"] == "cka"]
    groups = list(cka.groupby(["encoder", *DATA], dropna=False))
    figure, axes = panels.row_of_panels(len(groups))
    twin_styles = style.styles(table["second"])
    for panel, ((encoder, *data), rows) in zip(axes, groups, strict=True):
        title = f"{data_label(*data)}\n{encoder}"
        panels.twin_lines(panels.Panel(panel, rows, "cka", "CKA", title, rows), "second", twin_styles)
        panel.set(title=title, ylabel="CKA with CL")
        panels.similarity_axis(panel, cka)
    style.legend(figure, 4)
    return figure
