"""Figure 2: CKA and RSA with CL over the epochs, beside what two CL runs of different seeds have in common."""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import PAPER, of_another_seed, published, with_cl

CAPTION = (
    "CKA and RSA of every twin with CL over training, on test images. Dotted: CL with its own initialisation. Hatched, "
    "where there are several seeds: the range between CL runs that differ only in their seed. Crosses, on the paper's "
    "data: its values, of training images."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "between_seeds", "movement")
TWINS = ("cl",)

BY = ("dataset", "classes", "second", "split", "epoch")
SHIFT = 0.01  # of the axis' length, from one twin's bars to the next one's
OWN_START = "cl, own initialisation"
PAIRS, BETWEEN_SEEDS, START = "twins", "ceiling", "initialisation"  # in the column `source`, beside `paper`


def table(reading: Reading) -> pd.DataFrame:
    """Rows of four kinds (`source`): twins of CL, CL of another seed (range of all pairs of seeds), CL with its own
    initialisation, and the paper."""
    measures = tuple(style.MEASURES)
    twins = summarise_long(with_cl(reading.read("alignment")), BY, measures).assign(source=PAIRS)
    moved = reading.read("movement").query("objective == 'cl'").assign(second=OWN_START, split="test")
    start = summarise(moved, BY, [measure for measure in measures if measure in moved]).assign(source=START)
    seeds = of_another_seed(reading.read("between_seeds"), ("dataset", "classes", "split", "epoch"), measures)
    parts = [twins, seeds.assign(source=BETWEEN_SEEDS), start, published(reading, "fig2", twins)]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    shown = table[((table["split"] == "test") | (table["source"] == PAPER)) & table["mean"].notna()]
    groups = style.groups(shown)
    figure, axes = style.panels(len(groups), len(style.MEASURES))
    looks = style.looks(shown.loc[shown["source"].isin((PAIRS, PAPER)), "second"])
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, style.MEASURES.items(), strict=True):
            _panel(panel, rows[rows["measure"] == measure], looks)
            panel.set(title=title, ylabel=f"{label} with CL")
    style.legend(figure, 4)
    return figure


def _panel(panel: Axes, rows: pd.DataFrame, looks: Mapping[str, style.Look]) -> None:
    of = {source: own.sort_values("epoch") for source, own in rows.groupby("source")}
    if BETWEEN_SEEDS in of:
        style.band(panel, of[BETWEEN_SEEDS], "CL–CL of another seed (range)")
    drawn = rows[rows["source"] == PAIRS].groupby("second", sort=False)
    for place, (objective, twins) in enumerate(drawn):
        shift = SHIFT * (place - (len(drawn) - 1) / 2) * math.log(rows["epoch"].max() + 1)
        style.line(panel, twins, looks[str(objective)], f"CL–{style.name_of(objective)}", shift=shift)
    if START in of:
        style.line(panel, of[START], ("#000000", ""), "CL–its own initialisation", ":")
    if PAPER in of:
        for objective, points in of[PAPER].groupby("second"):
            name = f"CL–{style.name_of(objective)}"
            style.crosses(panel, points["epoch"] + 1, points, looks[str(objective)][0], name)
    style.epochs_axis(panel, rows["epoch"])
    style.likeness_axis(panel, rows)
