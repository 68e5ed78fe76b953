"""Weights turn and representations stay: both angles, over training and of every twin at its end."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.figures.plot_controls import IN_WORDS
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import with_cl

CAPTION = (
    "Weights turn, representations stay: how far twins of CL are from it, in degrees. Left: NSCL over training. Right: "
    "every twin at the last epoch. Weights: the angle of all weight tensors as one vector. Representations: the angle "
    "whose cosine is CKA on test images. With 95 % intervals over seeds."
)
EXPERIMENTS = ("trajectory",)
READS = ("weights",)
TWINS = ("cl", "nscl")

LABELS = {"weight_angle": "weights", "representation_angle": "representations"}
LOOKS = dict(zip(LABELS, style.looks(("cl", "nscl")).values(), strict=True))


def table(reading: Reading) -> pd.DataFrame:
    """Angles in degrees of every twin and CL at every kept epoch, means over seeds."""
    return summarise(with_cl(reading.read("weights")), ("dataset", "classes", "second", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), 2)
    for (left, right), (title, rows) in zip(axes, groups, strict=True):
        for measure, label in LABELS.items():
            own = rows[(rows["second"] == "nscl") & (rows["measure"] == measure)]
            style.line(left, own, LOOKS[measure], label)
        style.epochs_axis(left, rows["epoch"])
        left.set(title=f"{title}\nNSCL over training", ylabel="angle with CL (°)")
        left.set_ylim(bottom=0)
        _at_the_end(right, rows[rows["epoch"] == rows["epoch"].max()])
        right.set(title=f"{title}\nevery twin at the end", xlabel="angle with CL (°)")
    style.legend(figure, 2)
    return figure


def _at_the_end(panel: Axes, rows: pd.DataFrame) -> None:
    """A row a twin, from where its representation is to where its weights are."""
    twins = list(dict.fromkeys(rows["second"]))
    order = [*(name for name in IN_WORDS if name in twins), *(name for name in twins if name not in IN_WORDS)]
    for place, name in enumerate(order):
        own = rows[rows["second"] == name].set_index("measure")
        panel.plot(own["mean"], [place] * len(own), color="0.8", linewidth=4, solid_capstyle="round", zorder=1)
        for measure, (colour, marker) in LOOKS.items():
            one = own.loc[[measure]]
            panel.errorbar(one["mean"], [place], xerr=style.spread(one), color=colour, fmt=marker, capsize=3)
    panel.set_yticks(range(len(order)), [IN_WORDS.get(name, style.name_of(name)) for name in order])
    panel.set(ylim=(len(order) - 0.5, -0.5))
    panel.set_xlim(left=0)
