"""CL's loss less NSCL's loss on the same network, against its bound, over classes and temperatures."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "Loss gap: CL's loss less NSCL's on the same network, against the bound on it that Luthra et al. (arXiv "
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
        (other,) = (name for name in SWEPT if name != swept)
        own = rows[rows[other] == usual[other]].drop_duplicates(["dataset", "objective", "seed", swept])
        found = summarise(own.sort_values(swept), ("dataset", "objective", swept), ("gap", "bound"))
        parts.append(found.rename(columns={swept: "value"}).assign(swept=swept))
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    groups = dict(iter(table.groupby(["dataset", "swept"])))
    several = {where: rows for where, rows in groups.items() if rows["value"].nunique() > 1} or groups
    figure, axes = style.row_of_panels(len(several))
    for panel, ((dataset, swept), shown) in zip(axes, several.items(), strict=True):
        for objective, look in style.looks(("cl", "nscl")).items():
            own = shown[(shown["objective"] == objective) & (shown["measure"] == "gap")]
            style.errorbars(panel, own["value"], own, *look, f"gap, network of {objective.upper()}")
        bound = shown[(shown["objective"] == "cl") & (shown["measure"] == "bound")]
        panel.plot(bound["value"], bound["mean"], "--", color="#D55E00", label="bound")
        style.values_axis(panel, shown["value"], SWEPT[str(swept)])
        style.log_values(panel)
        panel.set(title=dataset, ylabel="loss gap (nats)")
    style.legend(figure, 3)
    return figure
