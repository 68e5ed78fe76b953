"""Figure 6: gap between the encoder weights of CL and of its supervised twins over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.reading import Reading

CAPTION = "Mean relative difference of the encoder's weight tensors from CL's."
EXPERIMENTS = ("trajectory",)
READS = ("weights",)


def table(reading: Reading) -> pd.DataFrame:
    rows = reading.read("weights").query("first == 'cl'")
    return summarise(rows, ("dataset", "classes", "second", "epoch"), ("weight_gap",))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(1, len(groups))
    looks = style.looks(table["second"])
    for panel, (title, rows) in zip(axes[0], groups, strict=True):
        for objective, shown in rows.groupby("second", sort=False):
            style.line(panel, shown, looks[str(objective)], f"CL–{str(objective).upper()}")
        style.epochs_axis(panel, rows["epoch"])
        panel.set(title=title)
        panel.set_ylim(bottom=0)
    axes[0][0].set_ylabel("weight gap (0: equal weights)")
    style.legend(figure, axes[0][0], 3)
    return figure
