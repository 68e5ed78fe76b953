"""How alike CL and every twin are at each depth of the network: of all images, within classes, between classes."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import with_cl

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
    rows = with_cl(reading.read("layers").query("epoch == epochs"))
    by = ("dataset", "classes", "encoder", "second", "split", "part", "depth", "layer")
    return summarise_long(rows, by, ("cka", "rsa"))


def draw(table: pd.DataFrame) -> Figure:
    cka = table[(table["measure"] == "cka") & (table["split"] == "test")]
    groups = style.groups(cka)
    figure, axes = style.panels(len(groups), len(PARTS))
    looks = style.looks(cka["second"])
    for row, (title, rows) in zip(axes, groups, strict=True):
        layers = rows.drop_duplicates("depth").sort_values("depth")
        for panel, (part, label) in zip(row, PARTS.items(), strict=True):
            for objective, own in rows[rows["part"] == part].sort_values("depth").groupby("second", sort=False):
                style.errorbars(panel, own["depth"], own, *looks[str(objective)], f"CL–{style.name_of(objective)}")
            panel.set_xticks(layers["depth"], layers["layer"], rotation=30, ha="right")
            panel.set(title=f"{title}\n{label}", xlabel="layer", ylabel="CKA with CL")
    style.legend(figure, 4)
    return figure
