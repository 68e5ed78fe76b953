"""Every figure, from made-up measures."""

import importlib
from functools import partial

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


def table_of(name, **options):
    source = source_of(name)
    return MODULES[name].table(Reading(lambda kind: source(kind, **options), PAPER, PUBLISHED_CLASSES))
