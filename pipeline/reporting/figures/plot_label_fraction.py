"""Label-fraction sweep: similarity with CL against the share of same-class negatives that is left out."""

import math

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import LEFT_OUT

CAPTION = (
    "Similarity with CL against the share of the weight of same-class negatives that is left out (0: CL itself, 1: "
    "NSCL), with true and with shuffled labels, at the last epoch on test images. Bands: controls of CL itself."
)
EXPERIMENTS = ("label_fraction",)
READS = ("alignment", "weights")
TWINS = ("cl", "nscl")

LABELS = {**style.MEASURES, "weight_angle": "weight angle (°)"}
WHOSE = {name: f"{fraction.labels} labels" for name, fraction in LEFT_OUT.items()}  # column `labels`
FULL = {name: WHOSE[name] for name in ("nscl", "nscl_shuffled")}  # their styles are those of all fractions
BANDS = ("cl_independent", "cl_perturbed")
BY = ("dataset", "classes", "second")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds of each fraction with CL; `share` and `labels` are NA for controls."""
    alignment, weights = (
        rows[(rows["first"] == "cl") & (rows["epoch"] == rows["epochs"]) & rows["second"].isin((*LEFT_OUT, *BANDS))]
        for rows in map(reading.read, READS)
    )
    alignment = alignment[alignment["split"] == "test"]
    summary = pd.concat(
        [summarise_long(alignment, BY, tuple(style.MEASURES)), summarise(weights, BY, ("weight_angle",))],
        ignore_index=True,
    )
    shares = {name: fraction.share for name, fraction in LEFT_OUT.items()}
    return summary.assign(labels=summary["second"].map(WHOSE), share=summary["second"].map(shares))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line for true and one for shuffled labels, and the controls as horizontal bands."""
    figure, grid = panels.measure_grid(table.sort_values("share"), LABELS)
    twin_styles = style.styles((*FULL, *BANDS))
    for panel in grid:
        axes = panel.axes
        for name in BANDS:
            colour = twin_styles[name][0]
            for control in panel.rows[panel.rows["second"] == name].to_dict("records"):
                axes.axhline(control["mean"], color=colour, ls="--", lw=1, label=f"CL–{style.objective_label(name)}")
                if not math.isnan(control["ci_low"]):
                    axes.axhspan(control["ci_low"], control["ci_high"], color=colour, alpha=0.15, linewidth=0)
        for name, labels in FULL.items():
            rows = panel.rows[panel.rows["labels"] == labels]
            panels.errorbars(axes, rows["share"], rows, twin_styles[name], labels)
        axes.set(title=panel.title, xlabel="share left out", ylabel=f"{panel.label} with CL")
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    style.legend(figure, 4)
    return figure
