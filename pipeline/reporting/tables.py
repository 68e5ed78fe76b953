"""What tables have in common: words for a state, and rows of a setting's mean over seeds beside the paper's value."""

import math
from collections.abc import Sequence
from typing import Any

from pipeline.files import NOT_AVAILABLE
from pipeline.reporting.intervals import over_seeds
from pipeline.settings.run import Run

MEASURED, NOT_RUN = "measured", "not run"
HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
COLUMNS = (
    *("encoder", "epochs", "denominator", "n_seeds", "mean", "ci_low", "ci_high"),
    *("paper", "deviation", "status"),
)


def by_setting(runs: Sequence[Run]) -> dict[Run, list[Run]]:
    """Runs that differ only in their seed, under the one with seed 0."""
    groups: dict[Run, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.setting, []).append(run)
    return groups


def measured(setting: Run, values: Sequence[float], paper: float) -> dict[str, Any]:
    """A row of the mean over seeds; `paper` is NaN where there is no published value of the same data."""
    found = over_seeds(values)
    return {
        "dataset": setting.dataset,
        "classes": setting.classes,
        "encoder": f"{setting.encoder}-w{setting.width}",
        "epochs": setting.epochs,
        "denominator": setting.denominator,
        "n_seeds": found.n,
        "mean": found.mean,
        "ci_low": found.low,
        "ci_high": found.high,
        "paper": paper,
        "deviation": found.mean - paper,
        "status": MEASURED,
    }


def not_run(dataset: str, classes: int, paper: float) -> dict[str, Any]:
    """A row of a published value that no run is beside."""
    return {
        "dataset": dataset,
        "classes": classes,
        "encoder": "resnet50-w64",
        "denominator": "unstated",
        "n_seeds": 0,
        "paper": paper,
        "status": NOT_RUN,
    }


def number(value: float, digits: int) -> str:
    return NOT_AVAILABLE if math.isnan(value) else f"{value:.{digits}f}"
