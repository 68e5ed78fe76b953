"""Figure 2: CKA and RSA with CL over the epochs, with the range of CL runs of different seeds."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import PAPER, another_seed_rows, concat_filled, pairs_with_cl, published_rows

CAPTION = (
    "CKA and RSA of every twin with CL over training, on test images. Dotted: CL with its own initialisation. Hatched, "
    "where there are several seeds: the range between CL runs that differ only in their seed. Crosses, on the paper's "
    "data: its values, of training images."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "between_seeds", "movement")
TWINS = ("cl",)

BY = ("dataset", "classes", "second", "split", "epoch")
OWN_START = "cl, own initialisation"
PAIRS, BETWEEN_SEEDS, START = "twins", "ceiling", "initialisation"  # in the column `source`, as is `paper`


def table(reading: Reading) -> pd.DataFrame:
    """Rows of four kinds (`source`): twins of CL, CL of another seed (range of all pairs of seeds), CL with its own
    initialisation, and the paper."""
    measures = tuple(style.MEASURES)
    twins = summarise_long(pairs_with_cl(reading.read("alignment")), BY, measures).assign(source=PAIRS)
    moved = reading.read("movement").query("objective == 'cl'").assign(second=OWN_START, split="test")
    start = summarise(moved, BY, [measure for measure in measures if measure in moved]).assign(source=START)
    seeds = another_seed_rows(reading.read("between_seeds"), ("dataset", "classes", "split", "epoch"), measures)
    parts = [twins, seeds.assign(source=BETWEEN_SEEDS), start, published_rows(reading, "fig2", twins)]
    return concat_filled(parts)


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a twin, with the range of other seeds and the paper's crosses."""
    rows = table[((table["split"] == "test") | (table["source"] == PAPER)) & table["mean"].notna()]
    figure, grid = panels.measure_grid(rows, style.MEASURES)
    twin_styles = style.styles(rows.loc[rows["source"].isin((PAIRS, PAPER)), "second"])
    for panel in grid:
        _draw_panel(panel.axes, panel.rows, twin_styles)
        panel.axes.set(title=panel.title, ylabel=f"{panel.label} with CL")
    style.legend(figure, 4)
    return figure


def _draw_panel(panel: Axes, rows: pd.DataFrame, twin_styles: Mapping[str, style.Style]) -> None:
    sources = {source: points.sort_values("epoch") for source, points in rows.groupby("source")}
    if BETWEEN_SEEDS in sources:
        panels.band(panel, sources[BETWEEN_SEEDS], "CL–CL of another seed (range)")
    drawn = rows[rows["source"] == PAIRS].groupby("second", sort=False)
    for objective, twins in drawn:
        panels.line(panel, twins, twin_styles[str(objective)], f"CL–{style.objective_label(objective)}")
    if START in sources:
        panels.line(panel, sources[START], ("#000000", ""), "CL–its own initialisation", ":")
    if PAPER in sources:
        for objective, points in sources[PAPER].groupby("second"):
            name = f"CL–{style.objective_label(objective)}"
            panels.crosses(panel, points["epoch"] + 1, points, twin_styles[str(objective)][0], name)
    panels.epochs_axis(panel, rows["epoch"])
    panels.similarity_axis(panel, rows)
