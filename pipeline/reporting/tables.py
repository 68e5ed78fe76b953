"""What tables have in common: words for a state, and rows of a setting's mean over seeds beside the paper's value."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.seed_intervals import over_seeds

MEASURED, NOT_RUN = "measured", "not run"
DIVERGED, COLLAPSED = "diverged", "collapsed"  # begin the status of a row of one run, without a number
NOTHING = "–"  # in a table for readers: a number that does not exist
HOLDS, FAILS, UNDECIDED, NOT_LEARNED = "holds", "fails", "undecided", "not learned"
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


@dataclass(frozen=True)
class OfSetting:
    """What was measured of the runs of one setting."""

    setting: Run
    runs: Sequence[Run]
    rows: pd.DataFrame  # of all its runs
    whole: bool  # the runs have all classes of a dataset of the paper


def of_settings(measures: Mapping[Run, pd.DataFrame], published_classes: Mapping[str, int]) -> Iterator[OfSetting]:
    """Runs that differ only in their seed taken together, in the order of the runs."""
    for setting, runs in by_setting(list(measures)).items():
        whole = setting.dataset in published_classes and setting.classes == published_classes[setting.dataset]
        yield OfSetting(setting, runs, pd.concat([measures[run] for run in runs]), whole)


def uncovered(runs: Sequence[Run], published_classes: Mapping[str, int]) -> dict[str, int]:
    """Datasets of the paper, with their classes, that no run covers whole."""
    covered = {(run.dataset, run.classes) for run in runs}
    return {name: classes for name, classes in published_classes.items() if (name, classes) not in covered}


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


def lost_row(run: Run, status: str) -> dict[str, Any]:
    """A row of a run that is in no mean."""
    return {
        "dataset": run.dataset,
        "classes": run.classes,
        "encoder": f"{run.encoder}-w{run.width}",
        "epochs": run.epochs,
        "denominator": run.denominator,
        "n_seeds": 0,
        "status": status,
    }


def diverged_rows(runs: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of runs, by name, with the reason."""
    named = {Run.from_name(name): why for name, why in runs.items()}
    return [lost_row(run, f"{DIVERGED}, seed {run.seed}: {why}") for run, why in named.items()]


def with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of what was measured here."""
    return table[~table["status"].str.startswith((NOT_RUN, DIVERGED, COLLAPSED))]


def without_lost(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The table without rows of runs that are in no mean, and a sentence on each of those."""
    lost = table["status"].str.startswith((DIVERGED, COLLAPSED))
    return table[~lost], [
        f"{'Not in these numbers' if row['status'].startswith(DIVERGED) else 'In no mean of that epoch'}: "
        f"{data_label(row['dataset'], row['classes'])}, {row['status']}."
        for row in table[lost].to_dict("records")
    ]


def data_label(dataset: object, classes: Any) -> str:
    """`digits, C = 10`; the dataset alone where its number of classes was not declared."""
    return str(dataset) if pd.isna(classes) else f"{dataset}, C = {int(classes)}"


def number(value: float, digits: int) -> str:
    """As readers see it; a file has NA where they see a dash."""
    return NOTHING if math.isnan(value) else f"{value:.{digits}f}"
