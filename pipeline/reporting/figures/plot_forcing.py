"""Pushes of twins away from CL along its training: the mean of the difference of gradients, its noise, and chaos."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.chaos import chaos_rows, growth_title
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import FLOOR, concat_filled

CAPTION = (
    "Along CL's training: the mean over batches of the difference of a twin's gradient from CL's, and the noise of "
    "that difference on one batch, both at CL's weights and relative to CL's mean gradient; the share of CL's kernel "
    "that the mean has turned so far; and the CKA of CL with its copy that has one weight moved, which is what chaos "
    "leaves."
)
EXPERIMENTS = ("label_granularity",)
READS = ("forcing", "early")
TWINS = ("cl", "cl_perturbed")

LABELS = {
    "push": "mean difference",
    "noise": "noise of it",
    "forcing": "kernel turned",
    "consistency": "CKA of CL perturbed",
}
BY = ("dataset", "classes", "second", "step")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds at every kept step after the start; an estimate below 0 counts as 0.

    Rows without a step have the growth of CL's perturbation, see `chaos_rows`.
    """
    forcing = reading.read("forcing").query("step > 0").rename(columns={"objective": "second", "noise": "square"})
    gradient = forcing["cl"].where(forcing["cl"] > 0)
    pushes = forcing.assign(
        push=np.sqrt(forcing["difference"].clip(lower=0) / gradient), noise=np.sqrt(forcing["square"] / gradient)
    )
    early = reading.read("early").query("step > 0 and first == 'cl' and second == @FLOOR", local_dict={"FLOOR": FLOOR})
    return concat_filled(
        [
            summarise(pushes, BY, ("push", "noise", "forcing")),
            summarise(early.assign(consistency=early["cka"]), BY, ("consistency",)),
            summarise(chaos_rows(reading.read("early")), BY[:-1], ("growth_rate", "saturation_step")),
        ]
    )


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a twin against the step."""
    look = style.styles(table["second"])
    figure, grid = panels.measure_grid(table, LABELS)
    for panel in grid:
        for objective, rows in panel.rows.groupby("second", sort=False):
            label = style.objective_label(objective)
            panels.errorbars(panel.axes, rows["step"], rows, look[str(objective)], label)
        panels.log_progress(panel.axes, "step")
        first = panel.rows.iloc[0]
        growth = growth_title(table, first["dataset"], first["classes"]) if panel.key == "consistency" else ""
        panel.axes.set(title=f"{panel.title}\n{panel.label}{growth}")
    style.legend(figure, 4)
    return figure
