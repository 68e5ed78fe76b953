"""Every figure, from made-up measures."""

import importlib
from functools import cache, partial

from matplotlib.backends.backend_agg import FigureCanvasAgg

from pipeline.reporting.figures import FIGURES
from pipeline.reporting.measured_tables import Reading
from tests.reporting.planted import CONTROLLED, PAPER, PUBLISHED_CLASSES, swept, trajectory

MODULES = {name: importlib.import_module(f"pipeline.reporting.figures.plot_{name}") for name in FIGURES}
OF_SWEEPS = {
    *("fig3_classes", "fig4_temperature", "fig5_batch", "duration", "accuracy_by_temperature"),
    *("merging", "encoders", "loss_gap", "randomness", "label_fraction", "path_length", "assumptions"),
}


def source_of(name):
    if name in ("prediction", "forcing"):  # need the perturbed CL
        return partial(trajectory, twins=CONTROLLED)
    return swept if name in OF_SWEEPS else trajectory


def pixels(figure):
    """All that is drawn, in few pixels and without the layout, which takes most of the time."""
    figure.set_layout_engine("none")
    figure.set_dpi(50)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return bytes(canvas.buffer_rgba())


def table_of(name, **options):
    return _table_of(name, **options).copy()


@cache
def _table_of(name, **options):
    source = source_of(name)
    return MODULES[name].table(Reading(lambda kind: source(kind, **options), PAPER, PUBLISHED_CLASSES))
