"""Trends of the bound and of training over classes, batch size and temperature: do they agree?"""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.trends import trend

CAPTION = (
    "The bound of a setting (above), and the similarity after training (below). Where the bound rises, similarity "
    "should fall: titles give the direction of each at equal epochs and at equal steps (? where the seeds do not "
    "decide), and whether similarity follows the bound's prediction or contradicts it. Bars are 95 % intervals."
)
EXPERIMENTS = ("classes", "temperature", "batch")
READS = ("bounds",)
TWINS = ("cl", "nscl")

SWEPT = {"classes": "classes C", "batch_size": "batch size B", "temperature": "temperature"}
MATCHED = {  # label, dashes, marker's filling
    "epochs": ("equal epochs", "-", "full"),
    "steps": ("equal steps", "--", "none"),
}
QUANTITIES = {  # label, colour, marker, what one unit of the axis is
    "nonexpansive_log": ("bound, non-expansive", "#D55E00", "^", math.log(10)),
    "certificate_log": ("bound, certificate", "#E0A030", "v", math.log(10)),
    "cka": ("measured CKA", "#0072B2", "o", 1.0),
    "rsa": ("measured RSA", "#56B4E9", "s", 1.0),
}
ARROWS = {"rises": "↑", "falls": "↓", "undecided": "?"}
ROWS = (
    (("nonexpansive_log", "certificate_log"), r"$\log_{10}$ of the bound"),
    (("cka", "rsa"), "CL–NSCL similarity"),
)


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds on test images for each value of each swept setting; `trend` is a measure's over the seeds.

    A sweep is on the dataset and the other settings that have most values of it. `matched` is how runs were selected:
    `epochs`: last epoch, of runs with the number of epochs that most values have; `steps`: for each seed the run and
    kept epoch whose number of steps is nearest to the largest that all values reached.
    """
    rows = reading.read("bounds").query("split == 'test' and learning_rate_rule == 'linear'")
    parts = []
    for swept in SWEPT:
        sweep = _sweep(rows, swept)
        for matched, chosen in (("epochs", _at_equal_epochs(sweep, swept)), ("steps", _at_equal_steps(sweep, swept))):
            summary = summarise(chosen.sort_values(swept), ("dataset", swept), tuple(QUANTITIES))
            trends = {name: trend(chosen, swept, name) for name in QUANTITIES}
            summary = summary.rename(columns={swept: "value"})
            parts.append(summary.assign(swept=swept, matched=matched, trend=summary["measure"].map(trends)))
    return pd.concat(parts, ignore_index=True)


def _sweep(rows: pd.DataFrame, swept: str) -> pd.DataFrame:
    fixed = ["dataset", *(name for name in SWEPT if name != swept)]
    sweeps = [sweep for _, sweep in rows.groupby(fixed, sort=False, dropna=False)]
    return max(sweeps, key=lambda sweep: sweep[swept].nunique())


def _at_equal_epochs(rows: pd.DataFrame, swept: str) -> pd.DataFrame:
    ends = rows[rows["epoch"] == rows["epochs"]]
    return ends[ends["epochs"] == ends.groupby("epochs")[swept].nunique().idxmax()]


def _at_equal_steps(rows: pd.DataFrame, swept: str) -> pd.DataFrame:
    reached = rows.groupby(swept)["steps"].max().min()
    distance = (rows["steps"] / reached).map(math.log).abs()  # as a ratio
    return rows.assign(distance=distance).sort_values("distance", kind="stable").drop_duplicates([swept, "seed"])


def draw(table: pd.DataFrame) -> Figure:
    """Draw a column of panels for each swept setting."""
    figure, axes = panels.panels(len(ROWS), len(SWEPT))
    for column, (swept, label) in enumerate(SWEPT.items()):
        sweep = table[table["swept"] == swept]
        for row, (quantities, heading) in zip(axes, ROWS, strict=True):
            panel = row[column]
            for name in quantities:
                for matched in MATCHED:
                    _line(panel, sweep[(sweep["measure"] == name) & (sweep["matched"] == matched)], name, matched)
            panels.values_axis(panel, sweep["value"], f"{label} ({sweep['dataset'].iloc[0]})")
            panel.set_ylabel(heading)
        above, below = zip(*(_directions(sweep, matched) for matched in MATCHED), strict=True)
        axes[0][column].set_title("\n".join(above))
        axes[1][column].set_title("\n".join(below))
    for label, dashes, fill in MATCHED.values():
        axes[0][0].plot([], [], dashes, color="0.3", marker="o", fillstyle=fill, label=label)
    style.legend(figure, 6)
    return figure


def _line(panel: Axes, rows: pd.DataFrame, name: str, matched: str) -> None:
    """Draw means over seeds with their intervals; labelled once."""
    label, colour, marker, unit = QUANTITIES[name]
    _, dashes, fill = MATCHED[matched]
    reach = panels.spread(rows) / unit
    (line, *_) = panel.errorbar(rows["value"], rows["mean"] / unit, reach, color=colour, marker=marker, capsize=3)
    line.set(linestyle=dashes, fillstyle=fill, markersize=5, label=label if fill == "full" else "_nolegend_")


def _directions(sweep: pd.DataFrame, matched: str) -> tuple[str, str]:
    """Titles: direction of the bound; direction of CKA, as predicted if it falls as the bound rises, or the reverse."""
    trends = sweep[sweep["matched"] == matched].groupby("measure")["trend"].first()
    bound, measured = trends["nonexpansive_log"], trends["cka"]
    outcome = "undecided" if "undecided" in (bound, measured) else "as predicted" if bound != measured else "contrary"
    return f"{matched}: bound {ARROWS[bound]}", f"{matched}: CKA {ARROWS[measured]}, {outcome}"
