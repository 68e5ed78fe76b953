"""Similarity of CL and every twin at each depth of the network: of all images, within classes, between classes."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import pairs_with_cl

CAPTION = (
    "CKA with CL by depth, from the encoder's first stage to the projections z, at the last epoch on test images: of "
    "all images, of images within their classes (less their class means), and of class means alone."
)
EXPERIMENTS = ("trajectory",)
READS = ("layers",)
TWINS = ("cl",)

PARTS = {"all": "all images", "within": "within classes", "between": "class means"}


def table(reading: Reading) -> pd.DataFrame:
    """CKA and RSA at the last epoch, means over seeds, of both splits."""
    rows = pairs_with_cl(reading.read("layers").query("epoch == epochs"))
    by = ("dataset", "classes", "encoder", "second", "split", "part", "depth", "layer")
    return summarise_long(rows, by, ("cka", "rsa"))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel for all images, within classes and between class means; a line a twin."""
    cka = table[(table["measure"] == "cka") & (table["split"] == "test")].sort_values("depth", kind="stable")
    twin_styles = style.styles(table.loc[cka.index.sort_values(), "second"])
    figure, grid = panels.measure_grid(cka, PARTS, "part")
    for panel in grid:
        layers = panel.data.drop_duplicates("depth")
        for objective, rows in panel.rows.groupby("second", sort=False):
            label = f"CL–{style.objective_label(objective)}"
            panels.errorbars(panel.axes, rows["depth"], rows, twin_styles[str(objective)], label)
        panel.axes.set_xticks(layers["depth"], layers["layer"], rotation=30, ha="right")
        panel.axes.set(title=f"{panel.title}\n{panel.label}", xlabel="layer", ylabel="CKA with CL")
    style.legend(figure, 4)
    return figure
