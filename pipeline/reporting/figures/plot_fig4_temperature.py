"""Figure 4: alignment of CL and NSCL over the epochs at several temperatures."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import PAPER, concat_filled, published_rows

CAPTION = (
    "CKA and RSA of CL and NSCL over training at several temperatures, on test images. Crosses are the paper's, of "
    "training images."
)
EXPERIMENTS = ("temperature",)
READS = ("alignment",)
TWINS = ("cl", "nscl")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds of both splits, and the paper's values (`source`) of its datasets."""
    rows = reading.read("alignment").query("first == 'cl' and second == 'nscl'")
    by = ("dataset", "classes", "temperature", "split", "epoch")
    parts = [summarise_long(rows, by, tuple(style.MEASURES)).assign(source="twins")]
    for temperature in sorted(set(rows["temperature"])):
        of_paper = published_rows(reading, f"fig4_temperature_{float(temperature)}", rows)
        parts.append(of_paper.drop(columns="second").assign(temperature=temperature))
    return concat_filled(parts)


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a temperature, with the paper's crosses."""
    figure, grid = panels.measure_grid(table.sort_values("epoch"), style.MEASURES)
    twin_styles = style.ordered_styles(sorted(set(table["temperature"])))
    for panel in grid:
        printed = panel.rows[panel.rows["source"] == PAPER]
        test = panel.rows[(panel.rows["source"] != PAPER) & (panel.rows["split"] == "test")]
        for temperature, look in twin_styles.items():
            label = f"temperature {temperature:g}"
            rows = test[test["temperature"] == temperature]
            panels.errorbars(panel.axes, rows["epoch"] + 1, rows, look, label)
            points = printed[printed["temperature"] == temperature]
            panels.crosses(panel.axes, points["epoch"] + 1, points, look[0], label)
        panels.epochs_axis(panel.axes, test["epoch"])
        panel.axes.set(title=panel.title, ylabel=f"{panel.label} of CL and NSCL")
    style.legend(figure, 3)
    return figure
