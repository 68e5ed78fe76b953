"""Accuracy of encoders with interpolated weights of CL and NSCL."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "Accuracy of encoders whose weights interpolate between CL's and NSCL's, with the statistics of batch "
    "normalisation interpolated too, or re-estimated from training images."
)
EXPERIMENTS = ("merging",)
READS = ("merging",)
TWINS = ("cl", "nscl")

LABELS = {"nccc": "nearest class centre", "lp": "linear probe"}
BATCH_NORM = {"interpolated": "--", "reestimated": "-"}


def table(reading: Reading) -> pd.DataFrame:
    """Percent; share 0 is CL, 1 is NSCL."""
    by = ("dataset", "classes", "batch_norm", "probe", "share")
    return summarise(reading.read("merging"), by, ("accuracy",))


def draw(table: pd.DataFrame) -> Figure:
    """Draw both probes, dashed with interpolated statistics."""
    groups = panels.by_data(table.sort_values("share"))
    figure, axes = panels.row_of_panels(len(groups))
    for panel, (title, rows) in zip(axes, groups, strict=True):
        for (probe, label), look in zip(LABELS.items(), style.ordered_styles([0, 1]).values(), strict=True):
            for batch_norm, dashes in BATCH_NORM.items():
                points = rows[(rows["probe"] == probe) & (rows["batch_norm"] == batch_norm)]
                name = f"{label}, batch norm {batch_norm}"
                panels.errorbars(panel, points["share"], points, look, name, dashes)
        panel.set(title=title, xlabel="share of NSCL (0: CL)", ylabel="test accuracy (%)")
    style.legend(figure, 2)
    return figure
