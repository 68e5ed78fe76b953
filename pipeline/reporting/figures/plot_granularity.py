"""Distance of NSCL from CL when its labels are groups of classes or of images, beside CL's distance from itself."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.figures.plot_controls import twin_label
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import FLOOR, concat_filled, pairs_with_cl

CAPTION = (
    "Similarity with CL at the end of training, CKA on test images, of NSCL with groups in place of classes: by "
    "meaning, of classes at random, and of images at random. Right: less that of CL with one weight moved by a "
    "millionth, seed by seed. To the left of 0, groups move NSCL further than chaos alone does."
)
EXPERIMENTS = ("label_granularity",)
READS = ("alignment",)
TWINS = ("cl",)

BY = ("dataset", "classes", "second")
COLUMNS = {"similarity": "CKA with CL", "above_floor": "less that of CL, one weight moved"}


def table(reading: Reading) -> pd.DataFrame:
    """CKA and RSA of CL and every twin at the last epoch, test images, means over seeds.

    Rows whose `less` names the perturbed CL are differences to it, paired by seed.
    """
    rows = pairs_with_cl(reading.read("alignment").query("split == 'test' and epoch == epochs"))
    measures = tuple(style.MEASURES)
    rows = rows.loc[rows["measure"].isin(measures), [*BY, "seed", "measure", "value"]]
    keys = ["dataset", "classes", "seed", "measure"]
    floor = rows[rows["second"] == FLOOR]
    paired = rows[rows["second"] != FLOOR].merge(floor[[*keys, "value"]], on=keys, suffixes=("", "_floor"))
    paired = paired.assign(value=paired["value"] - paired["value_floor"])
    parts = [
        summarise_long(rows, BY, measures).assign(less=""),
        summarise_long(paired, BY, measures).assign(less=FLOOR) if len(paired) else pd.DataFrame(),
    ]
    return concat_filled(parts)


def draw(table: pd.DataFrame) -> Figure:
    """Draw a row a twin: similarity, and what is below the floor."""
    cka = table[table["measure"] == "cka"]
    cka = cka.assign(column=cka["less"].map(lambda less: "above_floor" if less == FLOOR else "similarity"))
    figure, grid = panels.measure_grid(cka, COLUMNS, "column")
    order = [str(name) for name in dict.fromkeys(cka["second"])]
    look = style.styles(order)
    for panel in grid:
        names = [twin_label(name) if panel.key == "similarity" else "" for name in order]
        points = {name: [(panel.rows[panel.rows["second"] == name], look[name])] for name in order}
        panels.horizontal_bars(panel.axes, order, names, points)
        panel.axes.set(title=panel.title, xlabel=panel.label)
        if panel.key == "above_floor":
            panel.axes.axvline(0, color="0.4", linewidth=0.8)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height * max(1.0, len(order) / 9))
    return figure
