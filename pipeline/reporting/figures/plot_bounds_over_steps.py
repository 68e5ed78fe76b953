"""Drift and all its bounds over the steps: in a simulated similarity descent, and along training."""

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from pipeline.reporting import panels, style
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.tables import data_label
from twin_alignment.theory.theorem_bounds import log_limit

CAPTION = (
    "Drift of the similarity matrices and its bounds: in simulated similarity descent, and along training. A bound "
    "above the grey line says nothing."
)
EXPERIMENTS = ("trajectory",)
READS = ("bounds", "descent")
TWINS = ("cl", "nscl")

LINES = {  # label, colour, dashes: from the measured drift to the loosest bound
    "drift": ("measured drift", "#000000", "-"),
    "certificate": ("certificate from the masses seen", "#0072B2", "-"),
    "nonexpansive": ("non-expansive", "#009E73", "--"),
    "telescoped": ("telescoped", "#E0A030", "-."),
    "theorem1": ("Theorem 1, sharper mismatch", "#D55E00", ":"),
    "theorem1_published": ("Theorem 1 as published", "#CC79A7", ":"),
}
SIMULATION = "simulated similarity descent"


def table(reading: Reading) -> pd.DataFrame:
    """Columns panel, steps, rows, bound, log: mean natural logarithm over seeds; training's drift is of features h."""
    descent = reading.read("descent").rename(columns={"step": "steps"}).assign(panel=SIMULATION, rows=math.nan)
    training = reading.read("bounds").query("split == 'train'").sort_values(["dataset", "classes"], kind="stable")
    titles = [f"training, {data_label(d, c)}" for d, c in zip(training["dataset"], training["classes"], strict=True)]
    training = training.assign(panel=titles)
    parts = []
    for name in LINES:
        for source in (descent, training):
            long = source[["panel", "steps", "rows", f"{name}_log"]].rename(columns={f"{name}_log": "log"})
            parts.append(
                long.assign(bound=name).groupby(["panel", "steps", "rows", "bound"], sort=False, dropna=False).mean()
            )
    return pd.concat(parts).reset_index()


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel for the simulation and one for each dataset."""
    names = list(dict.fromkeys(table["panel"]))
    figure, axes = panels.row_of_panels(len(names))
    for panel, name in zip(axes, names, strict=True):
        rows = table[table["panel"] == name]
        for bound, (label, colour, dashes) in LINES.items():
            line = rows[rows["bound"] == bound].sort_values("steps")
            marker = "" if name == SIMULATION else "o"
            look: dict[str, Any] = {"marker": marker, "markersize": 4, "color": colour, "label": label}
            panel.plot(line["steps"], line["log"] / math.log(10), dashes, **look)
        if name != SIMULATION:
            limit = log_limit(int(rows["rows"].iloc[0])) / math.log(10)
            panel.axhline(limit, color="0.5", linewidth=2, label=r"$\sqrt{2}\,N$: the largest distance")
        panel.set(title=name.replace("training, ", "training\n"), xlabel="steps", xscale="log")
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_ylabel(r"$\log_{10}$ of $\|\Sigma_{CL} - \Sigma_{NSCL}\|_F$")
    style.legend(figure, 3)
    return figure
