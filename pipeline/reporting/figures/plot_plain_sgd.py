"""Plain gradient steps, nearest to the theory: drift with its bounds, and similarity of features and projections."""

import math

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "CL and NSCL with plain gradient steps at a small rate, on test images. Left: distance of the cosine matrices of "
    "their features h, with bounds on the drift of similarity descent at these rates. Right: their CKA, of features h "
    "and of projections z, on which the losses act."
)
EXPERIMENTS = ("plain_sgd",)
READS = ("bounds", "layers")
TWINS = ("cl", "nscl")

DRIFT = {  # label, colour, dashes
    "drift_log": ("measured drift of h", "#000000", "-"),
    "certificate_log": ("certificate from the masses seen", "#0072B2", "--"),
    "nonexpansive_log": ("non-expansive bound", "#009E73", ":"),
}
LAYERS = {"h": "features h", "z": "projections z"}
BY = ("dataset", "classes", "epoch", "layer")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds at every kept epoch after the first step; `steps` is the median over seeds. Drift and bounds
    are natural logarithms, of layer h."""
    bounds = reading.read("bounds").query("split == 'test'").assign(layer="h")
    layers = reading.read("layers").query("second == 'nscl' and split == 'test' and part == 'all'")
    layers = layers[layers["layer"].isin(list(LAYERS))]
    steps = bounds.groupby(["dataset", "classes", "epoch"], dropna=False)["steps"].median().reset_index()
    parts = [summarise(bounds, BY, tuple(DRIFT)), summarise_long(layers, BY, ("cka", "rsa"))]
    return pd.concat(parts, ignore_index=True).merge(steps, on=["dataset", "classes", "epoch"])


def draw(table: pd.DataFrame) -> Figure:
    """Draw drift with its bounds, and CKA of both layers, over the steps."""
    figure, rows_of_panels = panels.data_rows(table.sort_values("steps"), 2)
    for (left, right), title, rows in rows_of_panels:
        for name, (label, colour, dashes) in DRIFT.items():
            drift = rows[rows["measure"] == name]
            drift = drift.assign(**{column: drift[column] / math.log(10) for column in ("mean", "ci_low", "ci_high")})
            panels.errorbars(left, drift["steps"], drift, (colour, "o"), label, dashes)
        left.set(title=f"{title}\ndrift", ylabel=r"$\log_{10}$ of $\|\Sigma_{CL} - \Sigma_{NSCL}\|_F$")
        for (layer, label), look in zip(LAYERS.items(), style.ordered_styles([0, 1]).values(), strict=True):
            cka = rows[(rows["layer"] == layer) & (rows["measure"] == "cka")]
            panels.errorbars(right, cka["steps"], cka, look, f"CKA of {label}")
        right.set(title=f"{title}\nsimilarity", ylabel="CKA of CL and NSCL")
        for panel in (left, right):
            panels.log_progress(panel, "steps")
    style.legend(figure, 3)
    return figure
