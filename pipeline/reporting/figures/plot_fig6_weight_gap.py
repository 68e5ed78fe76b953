"""Figure 6: gap between the encoder weights of CL and of its twins over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import pairs_with_cl

CAPTION = (
    "Mean relative difference of the encoder's weight tensors from CL's: of matrices and filters, and as in the "
    "released code of everything called weight, the gains of batch normalisation included."
)
EXPERIMENTS = ("trajectory",)
READS = ("weights",)
TWINS = ("cl",)

LABELS = {"weight_gap": "matrices and filters", "weight_gap_released": "as released"}


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds of both definitions of the gap."""
    return summarise(pairs_with_cl(reading.read("weights")), ("dataset", "classes", "second", "epoch"), tuple(LABELS))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a line a twin, for both definitions of the gap."""
    twin_styles = style.styles(table["second"])
    figure, grid = panels.measure_grid(table, LABELS)
    for panel in grid:
        panels.twin_lines(panel, "second", twin_styles)
        panel.axes.set(title=f"{panel.title}\n{panel.label}", ylabel="weight gap (0: equal)")
        panel.axes.set_ylim(bottom=0)
    style.legend(figure, 4)
    return figure
