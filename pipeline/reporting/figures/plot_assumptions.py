"""Assumptions of the theory: smoothness, and similarities that move along their own gradient."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "Left: the largest eigenvalue of the Hessian of CL's loss of one batch, an estimate of Theorem 2's smoothness. "
    "Right: plain gradient steps on the weights compared with similarity descent from the same similarities: the "
    "cosine of their displacements. 1: descent on similarities describes training."
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
    """Draw the eigenvalue over epochs, the cosine over steps."""
    figure, rows_of_panels = panels.data_rows(table, 2)
    for (left, right), title, rows in rows_of_panels:
        beta, cosine = (rows[rows["measure"] == measure] for measure in (BETA, COSINE))
        positive = bool((beta["mean"] > 0).all())  # the eigenvalue of largest size may be negative before training
        panels.line(left, beta, style.OBJECTIVE_STYLES["cl"], "CL", log=positive)
        panels.epochs_axis(left, beta["epoch"])
        if positive:
            panels.log_values(left)
        left.set(title=title, ylabel="largest eigenvalue")
        for epoch, look in style.ordered_styles(sorted(set(cosine["epoch"]))).items():
            steps = cosine[cosine["epoch"] == epoch]
            panels.errorbars(right, steps["step"], steps, look, f"from the weights of epoch {epoch:g}")
        right.set(title=title, xlabel="gradient step", ylabel="cosine")
    style.legend(figure, 3)
    return figure
