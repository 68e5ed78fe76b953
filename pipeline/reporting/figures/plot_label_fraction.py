"""Label-fraction sweep: how likeness with CL falls with the share of same-class negatives that are left out."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import LEFT_OUT

CAPTION = (
    "Likeness with CL against the share of the weight of same-class negatives that is left out (0: CL itself, 1: "
    "NSCL), with true and with shuffled labels, at the last epoch on test images. Bands: controls of CL itself."
)
EXPERIMENTS = ("label_fraction",)
READS = ("alignment", "weights")
TWINS = ("cl", "nscl")

LABELS = {**style.MEASURES, "weight_angle": "weight angle (°)"}
WHOSE = {
    name: f"{left_out.labels} labels" for name, left_out in LEFT_OUT.items()
}  # in the column `labels`; NA for controls
FULL = {name: WHOSE[name] for name in ("nscl", "nscl_shuffled")}  # whose look all of their fractions have
BANDS = ("cl_independent", "cl_perturbed")
BY = ("dataset", "classes", "second")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds of each fraction with CL; `share` and `labels` are NA for controls."""
    alignment, weights = (
        rows[(rows["first"] == "cl") & (rows["epoch"] == rows["epochs"]) & rows["second"].isin((*LEFT_OUT, *BANDS))]
        for rows in map(reading.read, READS)
    )
    alignment = alignment[alignment["split"] == "test"]
    found = pd.concat(
        [summarise_long(alignment, BY, tuple(style.MEASURES)), summarise(weights, BY, ("weight_angle",))],
        ignore_index=True,
    )
    shares = {name: left_out.share for name, left_out in LEFT_OUT.items()}
    return found.assign(labels=found["second"].map(WHOSE), share=found["second"].map(shares))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS))
    looks = style.looks((*FULL, *BANDS))
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            shown = rows[rows["measure"] == measure]
            for name in BANDS:
                colour = looks[name][0]
                for control in shown[shown["second"] == name].to_dict("records"):
                    panel.axhline(control["mean"], color=colour, ls="--", lw=1, label=f"CL–{style.name_of(name)}")
                    if control["n_seeds"] > 1:
                        panel.axhspan(control["ci_low"], control["ci_high"], color=colour, alpha=0.15, linewidth=0)
            for name, labels in FULL.items():
                own = shown[shown["labels"] == labels].sort_values("share")
                style.errorbars(panel, own["share"], own, *looks[name], labels)
            panel.set(title=title, xlabel="share left out", ylabel=f"{label} with CL")
            panel.set_xticks([0, 0.25, 0.5, 0.75, 1])
    style.legend(figure, 4)
    return figure
