"""What the theory assumes of networks: smoothness, and similarities that move as their own gradient says."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "Left: the largest eigenvalue of the Hessian of CL's loss of one batch, an estimate of Theorem 2's smoothness. "
    "Right: plain gradient steps on the weights beside similarity descent from the same similarities; the cosine of "
    "how far each has moved them. 1: descent on similarities stands in for training."
)
EXPERIMENTS = ("trajectory",)
READS = ("curvature", "surrogate")
TWINS = ("cl",)

BETA, COSINE = "beta", "cosine"  # in the column `measure`


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds; `step` is of gradient descent from an epoch's weights, NA for the eigenvalue."""
    beta = summarise(reading.read("curvature"), ("dataset", "classes", "epoch"), (BETA,))
    cosine = summarise(reading.read("surrogate"), ("dataset", "classes", "epoch", "step"), (COSINE,))
    return pd.concat([beta, cosine], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), 2)
    for row, (title, rows) in zip(axes, groups, strict=True):
        beta, cosine = (rows[rows["measure"] == measure] for measure in (BETA, COSINE))
        positive = bool((beta["mean"] > 0).all())  # of the largest size, it may be negative in an untrained network
        style.line(row[0], beta, style.looks(["cl"])["cl"], "CL", log=positive)
        style.epochs_axis(row[0], beta["epoch"])
        if positive:
            style.log_values(row[0])
        row[0].set(title=title, ylabel="largest eigenvalue")
        epochs = sorted(set(cosine["epoch"]))
        for epoch, look in zip(epochs, style.ordered(epochs).values(), strict=True):
            own = cosine[cosine["epoch"] == epoch]
            style.errorbars(row[1], own["step"], own, *look, f"from the weights of epoch {epoch:g}")
        row[1].set(title=title, xlabel="gradient step", ylabel="cosine")
    style.legend(figure, 3)
    return figure
