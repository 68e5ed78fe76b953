"""The results of measuring runs, by kind: one file per run, setting or subset, or one for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipeline.config.run import Run
from pipeline.planning.stage import GLOBAL, Stage, Subject
from pipeline.stages import (
    baselines,
    between_seeds,
    bounds,
    curvature,
    early,
    forcing,
    layers,
    loss_gap,
    measure,
    merging,
)

_MODULES = (measure, baselines, layers, early, between_seeds, bounds, curvature, forcing, loss_gap, merging)
MEASURED: Mapping[str, Stage] = {kind: module.STAGE for module in _MODULES for kind in module.STAGE.writes}
FACTS = ("probes", "baselines", "movement")  # of all runs of a figure: whether they learned, and how far they moved

_SUBJECTS: Mapping[Subject, Callable[[Sequence[Run]], Sequence[str]]] = {
    "run": lambda runs: [run.name for run in runs],
    "setting": lambda runs: [run.setting.name for run in runs],
    "subset": lambda runs: [run.subset for run in runs],
    "": lambda _: GLOBAL,
}


def measured(kinds: Sequence[str], runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return kind -> subjects of the results that measure these runs, each once."""
    names = {subject: _SUBJECTS[subject](runs) for subject in {MEASURED[kind].subject for kind in kinds}}
    return {kind: list(dict.fromkeys(names[MEASURED[kind].subject])) for kind in dict.fromkeys(kinds)}
