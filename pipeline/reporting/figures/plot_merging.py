"""Accuracy of encoders whose weights lie on the line between CL's and NSCL's."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "Accuracy of encoders whose weights lie on the line between CL's and NSCL's, with the statistics of batch "
    "normalisation on that line too, or estimated again from training images."
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
    groups = style.groups(table)
    figure, axes = style.row_of_panels(len(groups))
    for panel, (title, rows) in zip(axes, groups, strict=True):
        for (probe, label), (colour, marker) in zip(LABELS.items(), style.ordered([0, 1]).values(), strict=True):
            for batch_norm, dashes in BATCH_NORM.items():
                own = rows[(rows["probe"] == probe) & (rows["batch_norm"] == batch_norm)].sort_values("share")
                name = f"{label}, batch norm {batch_norm}"
                style.errorbars(panel, own["share"], own, colour, marker, name, dashes)
        panel.set(title=title, xlabel="share of NSCL (0: CL)", ylabel="test accuracy (%)")
    style.legend(figure, 2)
    return figure
