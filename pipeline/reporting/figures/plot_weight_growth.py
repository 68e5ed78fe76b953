"""Growth of the gap between CL's and NSCL's weights with the path length: as a power, or exponentially."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pipeline.reporting import panels, style
from pipeline.reporting.claim_quantities import of_nscl, with_movement
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from twin_alignment.theory.growth import FEWEST, Growth, growth

CAPTION = (
    "The weight gap of CL and NSCL against the path length, the sum of rate times trust coefficient: a power is a "
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
    rows = with_movement(reading.read, of_nscl(reading.read("weights").query("first == 'cl'")), ["path_length"])
    rows = rows[(rows["weight_gap"] > 0) & (rows["path_length"] > 0)]
    lengths = rows.groupby(list(BY), dropna=False)["path_length"].mean().reset_index()
    summary = summarise(rows, BY, ("weight_gap",)).merge(lengths, on=list(BY))
    fits = pd.DataFrame([_fit(run) for _, run in rows.groupby(["dataset", "classes", "seed"], dropna=False)])
    of_data = fits.groupby(["dataset", "classes"], dropna=False)[[c for f in FORMS for c in (f.slope, f.r_squared)]]
    return summary.merge(of_data.mean().reset_index(), on=["dataset", "classes"])


def _fit(rows: pd.DataFrame) -> dict[str, object]:
    data = {"dataset": rows["dataset"].iloc[0], "classes": rows["classes"].iloc[0]}
    if rows["weight_gap"].nunique() < FEWEST or rows["path_length"].nunique() < FEWEST:
        return {**data, **dict.fromkeys(Growth.__annotations__, math.nan)}
    return {**data, **vars(growth(rows["path_length"].tolist(), rows["weight_gap"].tolist()))}


def draw(table: pd.DataFrame) -> Figure:
    """Draw the gap on two axes, on which a power or an exponential is a straight line."""
    figure, rows_of_panels = panels.data_rows(table.sort_values("path_length"), len(FORMS))
    for axes, title, rows in rows_of_panels:
        x = rows["path_length"]
        for panel, form in zip(axes, FORMS, strict=True):
            panels.errorbars(panel, x, rows, style.OBJECTIVE_STYLES["nscl"], "CL–NSCL", dashes="none")
            scaled = np.log(x) if form.axis == "log" else x
            slope, through = rows[form.slope].iloc[0], np.log(rows["mean"]).mean()
            fit = np.exp(through + slope * (scaled - scaled.mean()))
            panel.plot(x, fit, "--", color="0.3", label="least squares")
            panel.set(xscale=form.axis, xlabel="path length", title=_title(title, form, rows))
            panels.log_values(panel)
            if form.axis == "log":
                panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
                panel.xaxis.set_major_formatter("{x:g}")
                panel.xaxis.set_minor_formatter(NullFormatter())
        axes[0].set_ylabel("weight gap (0: equal)")
    style.legend(figure, 2)
    return figure


def _title(title: str, form: Form, rows: pd.DataFrame) -> str:
    slope, r_squared = rows[form.slope].iloc[0], rows[form.r_squared].iloc[0]
    fit = f"{slope:.2g}, R² {r_squared:.3f}" if math.isfinite(slope) else "(too few epochs for a fit)"
    return f"{title}\n{form.label} {fit}"
