"""Similarity and weight gap of CL and its twins after single steps: they part within the first epoch, and come back."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.chaos import chaos_rows, growth_title
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import concat_filled, pairs_with_cl

CAPTION = (
    "CKA with CL on test images, and the gap of the encoders' weights to CL's, against the training step. A network "
    "that differs from CL by one weight moved by a millionth parts from it exponentially within the first steps: what "
    "all twins have in common there is chaos, not labels."
)
EXPERIMENTS = ("trajectory",)
READS = ("early",)
TWINS = ("cl",)

BY = ("dataset", "classes", "second")
LABELS = {"cka": "CKA with CL", "weight_gap": "weight gap (0: equal)"}


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds of CKA, RSA and weight gap of CL and every twin, at every kept step after the start.

    Rows without a step have the growth of CL's perturbation, see `chaos_rows`.
    """
    early = reading.read("early")
    steps = summarise(pairs_with_cl(early.query("step > 0")), (*BY, "step"), ("cka", "rsa", "weight_gap"))
    growth = summarise(chaos_rows(early), BY, ("growth_rate", "saturation_step"))
    return concat_filled([steps, growth])


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
        first = panel.rows.iloc[0]
        growth = growth_title(table, first["dataset"], first["classes"]) if panel.key == "weight_gap" else ""
        panel.axes.set(title=f"{panel.title}\n{panel.label}{growth}", ylabel=panel.label)
    style.legend(figure, 4)
    return figure
