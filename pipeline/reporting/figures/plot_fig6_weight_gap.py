"""Figure 6: gap between the encoder weights of CL and of its twins over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import with_cl

CAPTION = (
    "Mean relative difference of the encoder's weight tensors from CL's: of matrices and filters, and as in the "
    "released code of everything called weight, the gains of batch normalisation included."
)
EXPERIMENTS = ("trajectory",)
READS = ("weights",)
TWINS = ("cl",)

LABELS = {"weight_gap": "matrices and filters", "weight_gap_released": "as released"}


def table(reading: Reading) -> pd.DataFrame:
    return summarise(with_cl(reading.read("weights")), ("dataset", "classes", "second", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS))
    looks = style.looks(table["second"])
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            for objective, shown in rows[rows["measure"] == measure].groupby("second", sort=False):
                style.line(panel, shown, looks[str(objective)], f"CL–{style.name_of(objective)}")
            style.epochs_axis(panel, rows["epoch"])
            panel.set(title=f"{title}\n{label}", ylabel="weight gap (0: equal)")
            panel.set_ylim(bottom=0)
    style.legend(figure, 4)
    return figure
