"""Angles of weights and of representations, over training and of every twin at its end."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.figures.plot_controls import twin_label, twin_order
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import pairs_with_cl

CAPTION = (
    "Weights turn, representations hardly do: angles of twins with CL, in degrees. Left: NSCL over training. Right: "
    "every twin at the last epoch. Weights: the angle of all weight tensors as one vector. Representations: the angle "
    "whose cosine is CKA on test images. With 95 % intervals over seeds."
)
EXPERIMENTS = ("trajectory",)
READS = ("weights",)
TWINS = ("cl", "nscl")

LABELS = {"weight_angle": "weights", "representation_angle": "representations"}
LOOKS = dict(zip(LABELS, panels.CL_AND_NSCL, strict=True))


def table(reading: Reading) -> pd.DataFrame:
    """Angles in degrees of every twin and CL at every kept epoch, means over seeds."""
    return summarise(pairs_with_cl(reading.read("weights")), ("dataset", "classes", "second", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    """Draw NSCL's angles over training, and all twins' angles at the end."""
    figure, rows_of_panels = panels.data_rows(table, 2)
    for (left, right), title, rows in rows_of_panels:
        for measure, label in LABELS.items():
            nscl = rows[(rows["second"] == "nscl") & (rows["measure"] == measure)]
            panels.line(left, nscl, LOOKS[measure], label)
        panels.epochs_axis(left, rows["epoch"])
        left.set(title=f"{title}\nNSCL over training", ylabel="angle with CL (°)")
        left.set_ylim(bottom=0)
        _at_the_end(right, rows[rows["epoch"] == rows["epoch"].max()])
        right.set(title=f"{title}\nevery twin at the end", xlabel="angle with CL (°)")
    style.legend(figure, 2)
    return figure


def _at_the_end(panel: Axes, rows: pd.DataFrame) -> None:
    """Draw a row a twin, from the angle of its representation to that of its weights."""
    order = twin_order(rows["second"])
    points = {}
    for place, name in enumerate(order):
        twin = rows[rows["second"] == name].set_index("measure")
        panel.plot(twin["mean"], [place] * len(twin), color="0.8", linewidth=4, solid_capstyle="round", zorder=1)
        points[name] = [(twin.loc[[measure]], look) for measure, look in LOOKS.items()]
    panels.horizontal_bars(panel, order, list(map(twin_label, order)), points)
    panel.set_xlim(left=0)
