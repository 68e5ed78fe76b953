"""Similarity and weight gap of CL and its twins after single steps: they part within the first epoch, and come back."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import pairs_with_cl

CAPTION = (
    "CKA with CL on test images, and the gap of the encoders' weights to CL's, against the training step. A network "
    "that differs from CL by one weight moved by a millionth parts from it exponentially within the first steps: what "
    "all twins have in common there is chaos, not labels."
)
EXPERIMENTS = ("trajectory",)
READS = ("early",)
TWINS = ("cl",)

LABELS = {"cka": "CKA with CL", "weight_gap": "weight gap (0: equal)"}


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds of CKA, RSA and weight gap of CL and every twin, at every kept step after the start."""
    rows = pairs_with_cl(reading.read("early").query("step > 0"))
    return summarise(rows, ("dataset", "classes", "second", "step"), ("cka", "rsa", "weight_gap"))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a twin against the step."""
    twin_styles = style.styles(table["second"])
    figure, grid = panels.measure_grid(table, LABELS)
    for panel in grid:
        for objective, rows in panel.rows.groupby("second", sort=False):
            ordered = rows.sort_values("step")
            label = f"CL–{style.objective_label(objective)}"
            panels.errorbars(panel.axes, ordered["step"], ordered, twin_styles[str(objective)], label)
        panels.log_progress(panel.axes, "step")
        if panel.key == "weight_gap":
            panels.log_values(panel.axes)
        panel.axes.set(title=f"{panel.title}\n{panel.label}", ylabel=panel.label)
    style.legend(figure, 4)
    return figure
