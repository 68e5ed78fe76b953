"""Neural collapse: spread of the classes in every twin's representation over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import without_partial_labels

CAPTION = (
    "Class-distance-normalised variance (CDNV) of every twin on test images: spread within two classes over the "
    "distance between their means; 0 is collapse. Directional: the spread along the line between the means alone. "
    "An interval that reaches 0 is not drawn."
)
EXPERIMENTS = ("trajectory",)
READS = ("collapse",)
TWINS = ("cl",)

LABELS = {"cdnv": "CDNV", "directional_cdnv": "directional CDNV"}


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds, of both splits."""
    rows = without_partial_labels(reading.read("collapse"), "objective")
    return summarise(rows, ("dataset", "classes", "objective", "split", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a twin, of test images."""
    twin_styles = style.styles(table["objective"])
    figure, grid = panels.measure_grid(table[table["split"] == "test"], LABELS)
    for panel in grid:
        panels.twin_lines(panel, "objective", twin_styles, prefix="", log=True)
        panels.log_values(panel.axes)
        panel.axes.set(title=panel.title, ylabel=panel.label)
    style.legend(figure, 4)
    return figure
