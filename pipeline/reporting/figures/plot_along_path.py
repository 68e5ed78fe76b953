"""Similarity and weight gap of NSCL, its floor, SCL and CE against the path length, with the paper's values."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.published_settings import published_path_length
from pipeline.reporting.twin_names import FLOOR, PAPER, concat_filled, pairs_with_cl, published_rows

CAPTION = (
    "CKA with CL on test images, and the gap of the encoders' weights to CL's, against CL's path length (learning rate "
    "× trust coefficient, summed over steps). CL with one weight moved by a millionth is the floor: what is no "
    "further from CL may be chaos alone. Crosses, on the paper's data: its values, of training images, at the "
    "path length of the released code's schedule."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "weights", "movement")
TWINS = ("cl", "nscl")

LABELS = {"cka": "CKA with CL", "weight_gap": "weight gap (0: equal)"}
DRAWN = ("nscl", FLOOR, "scl", "ce")
BY = ("dataset", "classes", "second", "epoch")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds of every twin and kept epoch after the start, with CL's path length; and the paper's CKA."""
    alignment = pairs_with_cl(reading.read("alignment").query("split == 'test' and epoch > 0"))
    cka = summarise_long(alignment, BY, ("cka",))
    gaps = summarise(pairs_with_cl(reading.read("weights").query("epoch > 0")), BY, ("weight_gap",))
    movement = reading.read("movement").query("objective == 'cl'")
    paths = (
        movement.groupby(["dataset", "classes", "epoch"], sort=False, dropna=False)["path_length"].mean().reset_index()
    )
    twins = pd.concat([cka, gaps], ignore_index=True).merge(paths).assign(source="twins")
    paper = published_rows(reading, "fig2", twins)
    paper = paper[paper["measure"] == "cka"]
    lengths = [published_path_length(*at) for at in zip(paper["dataset"], paper["epoch"], strict=True)]
    return concat_filled([twins, paper.assign(path_length=lengths)])


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a twin, and the paper's crosses."""
    rows = table[table["second"].isin(DRAWN)]
    figure, grid = panels.measure_grid(rows, LABELS)
    look = style.styles(rows["second"])
    for panel in grid:
        for (objective, source), points in panel.rows.groupby(["second", "source"], sort=False):
            name = f"CL–{style.objective_label(objective)}"
            if objective == FLOOR:
                ordered = points.sort_values("path_length")
                low, high = (ordered[column].fillna(ordered["mean"]) for column in ("ci_low", "ci_high"))
                panel.axes.fill_between(ordered["path_length"], low, high, color="0.75", label=f"{name} (the floor)")
            elif source == PAPER:
                panels.crosses(panel.axes, points["path_length"], points, look[str(objective)][0], name)
            else:
                panels.errorbars(panel.axes, points["path_length"], points, look[str(objective)], name)
        panels.log_progress(panel.axes, "path length")
        panel.axes.set(title=f"{panel.title}\n{panel.label}", ylabel=panel.label)
        panel.axes.set_ylim(bottom=0)
    style.legend(figure, 4)
    return figure
