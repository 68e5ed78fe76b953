"""Accuracy of CL's and NSCL's frozen features against temperature, and its gap."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = "Accuracy of frozen features of CL and NSCL, and its gap, against temperature."
EXPERIMENTS = ("temperature",)
READS = ("probes",)
TWINS = ("cl", "nscl")

LABELS = {"nccc": "nearest class centre", "lp": "linear probe"}
GAP = "gap"


def table(reading: Reading) -> pd.DataFrame:
    """Percent; objective `gap` is NSCL minus CL of the same seed, marked by `less`."""
    rows = reading.read("probes").query("objective in ('cl', 'nscl')")
    by = ["dataset", "classes", "temperature", "probe"]
    cl, nscl = (rows.loc[rows["objective"] == name, [*by, "seed", "accuracy"]] for name in ("cl", "nscl"))
    gap = cl.merge(nscl, on=[*by, "seed"], suffixes=("_cl", "_nscl"))
    gap = gap.assign(accuracy=gap["accuracy_nscl"] - gap["accuracy_cl"], objective=GAP)
    both = pd.concat([rows, gap[[*by, "seed", "accuracy", "objective"]]])
    summary = summarise(both.sort_values("temperature"), (*by, "objective"), ("accuracy",))
    return summary.assign(less=summary["objective"].map({GAP: "cl"}))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel a probe, and one of the gaps."""
    figure, grid = panels.measure_grid(table, {**LABELS, GAP: GAP}, "probe")
    for panel in grid:
        if panel.key == GAP:
            for (probe, label), look in zip(LABELS.items(), style.ordered_styles([0, 1]).values(), strict=True):
                rows = panel.data[(panel.data["probe"] == probe) & (panel.data["objective"] == GAP)]
                panels.errorbars(panel.axes, rows["temperature"], rows, look, f"gap, {label}")
            panel.axes.axhline(0, color="0.5", linewidth=1)
        else:
            for objective, look in style.styles(("cl", "nscl")).items():
                rows = panel.rows[panel.rows["objective"] == objective]
                panels.errorbars(panel.axes, rows["temperature"], rows, look, objective.upper())
        ylabel = "NSCL − CL (points)" if panel.key == GAP else "test accuracy (%)"
        panel.axes.set(title=f"{panel.title}\n{panel.label}", ylabel=ylabel)
        panels.values_axis(panel.axes, panel.data["temperature"], "temperature")
    style.legend(figure, 4)
    return figure
