"""How the gap between CL's and NSCL's weights grows with the path length: as a power, or exponentially."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pipeline.reporting import style
from pipeline.reporting.claim import nscl, with_movement
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from twin_alignment.theory.growth import MIN_POINTS, Growth, growth

CAPTION = (
    "The weight gap of CL and NSCL against the path length, the sum of learning rate times trust: a power is a "
    "straight line on the left, an exponential on the right. R² is of the gap's logarithm, the mean over seeds."
)
EXPERIMENTS = ("trajectory",)
READS = ("weights", "movement")
TWINS = ("cl", "nscl")


class Form(NamedTuple):
    axis: str  # of the path length
    slope: str  # columns of the table
    r_squared: str
    label: str


FORMS = (
    Form("log", "power", "power_r_squared", "power"),
    Form("linear", "exponential", "exponential_r_squared", "exponential"),
)
BY = ("dataset", "classes", "epoch")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds at every kept epoch with a gap: the gap with its interval, the path length, and the mean of the
    seeds' fits, nan where a seed has too few epochs for one."""
    rows = with_movement(reading.read, nscl(reading.read("weights").query("first == 'cl'")), ["path_length"])
    rows = rows[(rows["weight_gap"] > 0) & (rows["path_length"] > 0)]
    lengths = rows.groupby(list(BY), dropna=False)["path_length"].mean().reset_index()
    found = summarise(rows, BY, ("weight_gap",)).merge(lengths, on=list(BY))
    fits = pd.DataFrame([_fit(own) for _, own in rows.groupby(["dataset", "classes", "seed"], dropna=False)])
    of_data = fits.groupby(["dataset", "classes"], dropna=False)[[c for f in FORMS for c in (f.slope, f.r_squared)]]
    return found.merge(of_data.mean().reset_index(), on=["dataset", "classes"])


def _fit(rows: pd.DataFrame) -> dict[str, object]:
    of = {"dataset": rows["dataset"].iloc[0], "classes": rows["classes"].iloc[0]}
    if rows["weight_gap"].nunique() < MIN_POINTS or rows["path_length"].nunique() < MIN_POINTS:
        return {**of, **dict.fromkeys(Growth.__annotations__, math.nan)}
    return {**of, **vars(growth(rows["path_length"].tolist(), rows["weight_gap"].tolist()))}


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(FORMS))
    for row, (title, unordered) in zip(axes, groups, strict=True):
        rows = unordered.sort_values("path_length")
        x = rows["path_length"]
        for panel, form in zip(row, FORMS, strict=True):
            style.errorbars(panel, x, rows, *style.looks(["nscl"])["nscl"], "CL–NSCL", dashes="none")
            scaled = np.log(x) if form.axis == "log" else x
            slope, through = rows[form.slope].iloc[0], np.log(rows["mean"]).mean()
            fit = np.exp(through + slope * (scaled - scaled.mean()))
            panel.plot(x, fit, "--", color="0.3", label="least squares")
            panel.set(xscale=form.axis, xlabel="path length", title=_title(title, form, rows))
            style.log_values(panel)
            if form.axis == "log":
                panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
                panel.xaxis.set_major_formatter("{x:g}")
                panel.xaxis.set_minor_formatter(NullFormatter())
        row[0].set_ylabel("weight gap (0: equal)")
    style.legend(figure, 2)
    return figure


def _title(title: str, form: Form, rows: pd.DataFrame) -> str:
    slope, r_squared = rows[form.slope].iloc[0], rows[form.r_squared].iloc[0]
    fit = f"{slope:.2g}, R² {r_squared:.3f}" if math.isfinite(slope) else "(too few epochs for a fit)"
    return f"{title}\n{form.label} {fit}"
