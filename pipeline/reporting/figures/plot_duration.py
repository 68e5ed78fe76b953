"""Longer training: similarity with CL and neural collapse, over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import pairs_with_cl, without_partial_labels

CAPTION = (
    "Longer training, on test images: similarity with CL, and the collapse of each twin's classes as "
    "class-distance-normalised variance (CDNV: spread within classes over the distance between them; 0 is collapse). "
    "An interval of it that reaches 0 is not drawn."
)
EXPERIMENTS = ("duration",)
READS = ("alignment", "collapse")
TWINS = ("cl",)

LABELS = {name: f"{label} with CL" for name, label in style.MEASURES.items()} | {"cdnv": "CDNV"}
BY = ("dataset", "classes", "objective", "epoch")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds on test images; `objective` is compared with CL, or its classes are measured."""
    twins = pairs_with_cl(reading.read("alignment").query("split == 'test'")).rename(columns={"second": "objective"})
    collapse = without_partial_labels(reading.read("collapse").query("split == 'test'"), "objective")
    return pd.concat(
        [summarise_long(twins, BY, tuple(style.MEASURES)), summarise(collapse, BY, ("cdnv",))], ignore_index=True
    )


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a twin in each measure."""
    twin_styles = style.styles(table["objective"])
    figure, grid = panels.measure_grid(table, LABELS)
    for panel in grid:
        panels.twin_lines(panel, "objective", twin_styles, prefix="", log=panel.key == "cdnv")
        panel.axes.set(title=panel.title, ylabel=panel.label)
        if panel.key == "cdnv":
            panels.log_values(panel.axes)
    style.legend(figure, 4)
    return figure
