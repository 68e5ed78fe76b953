"""Accuracy of encoders whose weights lie on the line between CL's and NSCL's."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.reading import Reading

CAPTION = "Accuracy of encoders whose weights lie on the line between CL's and NSCL's."
EXPERIMENTS = ("merging",)
READS = ("merging",)

LABELS = {"nccc": "nearest class centre", "lp": "linear probe"}


def table(reading: Reading) -> pd.DataFrame:
    """Percent; share 0 is CL, 1 is NSCL."""
    return summarise(reading.read("merging"), ("dataset", "classes", "probe", "share"), ("accuracy",))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(1, len(groups))
    for panel, (title, rows) in zip(axes[0], groups, strict=True):
        for (probe, label), (colour, marker) in zip(LABELS.items(), style.ordered([0, 1]).values(), strict=True):
            own = rows[rows["probe"] == probe]
            style.errorbars(panel, own["share"], own, colour, marker, label)
        panel.set(title=title, xlabel="share of NSCL in the weights (0: CL)", ylabel="test accuracy (%)")
    style.legend(figure, axes[0][0], 2)
    return figure
