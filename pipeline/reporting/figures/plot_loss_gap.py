"""CL's loss minus NSCL's loss on the same network, with its bound, over classes and temperatures."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "Loss gap: CL's loss minus NSCL's on the same network, against the bound on it that Luthra et al. (arXiv "
    "2506.04411) prove."
)
EXPERIMENTS = ("classes", "temperature")
READS = ("loss_gap",)
TWINS = ("cl", "nscl")

SWEPT = {"classes": "classes C'", "temperature": "temperature"}


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds for each value of each swept setting, the other at its most frequent value."""
    rows = reading.read("loss_gap")
    usual = {name: rows.groupby(name)["seed"].count().idxmax() for name in SWEPT}
    parts = []
    for swept in SWEPT:
        (fixed,) = (name for name in SWEPT if name != swept)
        sweep = rows[rows[fixed] == usual[fixed]].drop_duplicates(["dataset", "objective", "seed", swept])
        summary = summarise(sweep.sort_values(swept), ("dataset", "objective", swept), ("gap", "bound"))
        parts.append(summary.rename(columns={swept: "value"}).assign(swept=swept))
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel for each dataset and swept setting with several values."""
    groups = dict(iter(table.groupby(["dataset", "swept"])))
    several = {where: rows for where, rows in groups.items() if rows["value"].nunique() > 1} or groups
    figure, axes = panels.row_of_panels(len(several))
    for panel, ((dataset, swept), rows) in zip(axes, several.items(), strict=True):
        for objective, look in style.styles(("cl", "nscl")).items():
            gap = rows[(rows["objective"] == objective) & (rows["measure"] == "gap")]
            panels.errorbars(panel, gap["value"], gap, look, f"gap, network of {objective.upper()}")
        bound = rows[(rows["objective"] == "cl") & (rows["measure"] == "bound")]
        panel.plot(bound["value"], bound["mean"], "--", color="#D55E00", label="bound")
        panels.values_axis(panel, rows["value"], SWEPT[str(swept)])
        panels.log_values(panel)
        panel.set(title=dataset, ylabel="loss gap (nats)")
    style.legend(figure, 3)
    return figure
