"""Accuracy of CL's and NSCL's frozen features against temperature, and how far apart they are."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = "Accuracy of frozen features of CL and NSCL, and its gap, against temperature."
EXPERIMENTS = ("temperature",)
READS = ("probes",)
TWINS = ("cl", "nscl")

LABELS = {"nccc": "nearest class centre", "lp": "linear probe"}
GAP = "gap"


def table(reading: Reading) -> pd.DataFrame:
    """Percent; objective `gap` is NSCL less CL of the same seed, whose `less` says so."""
    rows = reading.read("probes").query("objective in ('cl', 'nscl')")
    by = ["dataset", "classes", "temperature", "probe"]
    cl, nscl = (rows.loc[rows["objective"] == name, [*by, "seed", "accuracy"]] for name in ("cl", "nscl"))
    gap = cl.merge(nscl, on=[*by, "seed"], suffixes=("_cl", "_nscl"))
    gap = gap.assign(accuracy=gap["accuracy_nscl"] - gap["accuracy_cl"], objective=GAP)
    both = pd.concat([rows, gap[[*by, "seed", "accuracy", "objective"]]])
    found = summarise(both.sort_values("temperature"), (*by, "objective"), ("accuracy",))
    return found.assign(less=found["objective"].map({GAP: "cl"}))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS) + 1)
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (probe, label) in zip(row, LABELS.items(), strict=False):
            shown = rows[rows["probe"] == probe]
            for objective, look in style.looks(("cl", "nscl")).items():
                own = shown[shown["objective"] == objective]
                style.errorbars(panel, own["temperature"], own, *look, objective.upper())
            panel.set(title=f"{title}\n{label}", ylabel="test accuracy (%)")
        last = row[-1]
        for (probe, label), (colour, marker) in zip(LABELS.items(), style.ordered([0, 1]).values(), strict=True):
            own = rows[(rows["probe"] == probe) & (rows["objective"] == GAP)]
            style.errorbars(last, own["temperature"], own, colour, marker, f"gap, {label}")
        last.axhline(0, color="0.5", linewidth=1)
        last.set(title=f"{title}\ngap", ylabel="NSCL less CL (points)")
        for panel in row:
            style.values_axis(panel, rows["temperature"], "temperature")
    style.legend(figure, 4)
    return figure
