"""Growth of the gap between CL's and NSCL's weights with the path length: as a power, or exponentially."""

import math

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

FORMS = {"power": "log", "exponential": "linear"}  # column with the fitted constant -> axis of the path length
FITS = [name for form in FORMS for name in (form, f"{form}_r_squared")]
BY = ("dataset", "classes", "epoch")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds at every kept epoch with a gap: gap, path length, and FITS, nan of seeds with too few epochs."""
    rows = with_movement(reading.read, of_nscl(reading.read("weights").query("first == 'cl'")), ["path_length"])
    rows = rows[(rows["weight_gap"] > 0) & (rows["path_length"] > 0)]
    lengths = rows.groupby(list(BY), dropna=False)["path_length"].mean().reset_index()
    summary = summarise(rows, BY, ("weight_gap",)).merge(lengths, on=list(BY))
    fits = pd.DataFrame([_fit(run) for _, run in rows.groupby(["dataset", "classes", "seed"], dropna=False)])
    means = fits.groupby(["dataset", "classes"], dropna=False)[FITS].mean().reset_index()
    return summary.merge(means, on=["dataset", "classes"])


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
        for panel, (form, axis) in zip(axes, FORMS.items(), strict=True):
            panels.errorbars(panel, x, rows, style.OBJECTIVE_STYLES["nscl"], "CL–NSCL", dashes="none")
            scaled = np.log(x) if axis == "log" else x
            slope, through = rows[form].iloc[0], np.log(rows["mean"]).mean()
            fit = np.exp(through + slope * (scaled - scaled.mean()))
            panel.plot(x, fit, "--", color="0.3", label="least squares")
            panel.set(xscale=axis, xlabel="path length", title=_title(title, form, rows))
            panels.log_values(panel)
            if axis == "log":
                panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
                panel.xaxis.set_major_formatter("{x:g}")
                panel.xaxis.set_minor_formatter(NullFormatter())
        axes[0].set_ylabel("weight gap (0: equal)")
    style.legend(figure, 2)
    return figure


def _title(title: str, form: str, rows: pd.DataFrame) -> str:
    slope, r_squared = rows[form].iloc[0], rows[f"{form}_r_squared"].iloc[0]
    fit = f"{slope:.2g}, R² {r_squared:.3f}" if math.isfinite(slope) else "(too few epochs for a fit)"
    return f"{title}\n{form} {fit}"
