"""Parts that tables share: words of a status, rows of means with the paper's value, and cells for readers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.config.run import Run
from pipeline.reporting.seed_intervals import Interval

MEASURED, NOT_RUN = "measured", "not run"
NOT_CONVERGED = "measured, probe not converged"
DIVERGED, COLLAPSED = "diverged", "collapsed"  # a status of one run, without numbers, starts with one of these
NOTHING = "–"  # a number that does not exist, in a table for readers
HOLDS, FAILS, EQUIVALENT = "holds", "fails", "equivalent"
UNDECIDED, NOT_LEARNED = "undecided", "not learned"
DATA = ["dataset", "classes"]
COLUMNS = (
    *("encoder", "epochs", "denominator", "n_seeds", "mean", "ci_low", "ci_high"),
    *("paper", "deviation", "status"),
)


@dataclass(frozen=True)
class MeasuredSetting:
    """Measures of all runs of one setting."""

    setting: Run
    runs: Sequence[Run]
    rows: pd.DataFrame
    is_published: bool  # the runs have all classes of a dataset of the paper


def measured_settings(
    measures: Mapping[Run, pd.DataFrame], published_classes: Mapping[str, int]
) -> Iterator[MeasuredSetting]:
    """Group runs that differ only in their seed, in the order of the runs."""
    groups: dict[Run, list[Run]] = {}
    for run in measures:
        groups.setdefault(run.setting, []).append(run)
    for setting, runs in groups.items():
        classes = published_classes.get(setting.dataset)
        yield MeasuredSetting(
            setting,
            runs,
            pd.concat([measures[run] for run in runs]),
            classes is not None and setting.classes == classes,
        )


def uncovered(runs: Sequence[Run], published_classes: Mapping[str, int]) -> dict[str, int]:
    """Datasets of the paper, with their classes, that no run covers with all classes."""
    covered = {(run.dataset, run.classes) for run in runs}
    return {name: classes for name, classes in published_classes.items() if (name, classes) not in covered}


def measured_row(setting: Run, interval: Interval, paper: float = math.nan) -> dict[str, Any]:
    """Row of a mean over seeds; `paper` is nan where the paper has no value of the same data."""
    return {
        **_run_columns(setting),
        "n_seeds": interval.n,
        "mean": interval.mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "paper": paper,
        "deviation": interval.mean - paper,
        "status": MEASURED,
    }


def not_run_row(dataset: str, classes: int, paper: float) -> dict[str, Any]:
    """Row of a published value without a run."""
    network = {"encoder": "resnet50-w64", "denominator": "unstated"}
    return {"dataset": dataset, "classes": classes, **network, "n_seeds": 0, "paper": paper, "status": NOT_RUN}


def lost_row(run: Run, status: str) -> dict[str, Any]:
    """Row of a run that is in no mean."""
    return {**_run_columns(run), "n_seeds": 0, "status": status}


def diverged_rows(runs: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of diverged runs, given by name with the reason."""
    named = {Run.from_name(name): why for name, why in runs.items()}
    return [lost_row(run, f"{DIVERGED}, seed {run.seed}: {why}") for run, why in named.items()]


def _run_columns(run: Run) -> dict[str, Any]:
    return {
        "dataset": run.dataset,
        "classes": run.classes,
        "encoder": f"{run.encoder}-w{run.width}",
        "epochs": run.epochs,
        "denominator": run.denominator,
    }


def with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Select rows of what was measured here."""
    return table[~table["status"].str.startswith((NOT_RUN, DIVERGED, COLLAPSED))]


def without_lost(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Split off runs that are in no mean: the other rows, and a sentence for each such run."""
    lost = table["status"].str.startswith((DIVERGED, COLLAPSED))
    return table[~lost], [
        f"{'Not in these numbers' if row['status'].startswith(DIVERGED) else 'In no mean of that epoch'}: "
        f"{data_label(row['dataset'], row['classes'])}, {row['status']}."
        for row in table[lost].to_dict("records")
    ]


def data_label(dataset: object, classes: Any) -> str:
    """`digits, C = 10`, or the dataset alone where its number of classes was not declared."""
    return str(dataset) if pd.isna(classes) else f"{dataset}, C = {int(classes)}"


def objective_title(objective: object) -> str:
    """`NSCL SHUFFLED`, as tables for readers have it."""
    return str(objective).replace("_", " ").upper()


def number(value: float, digits: int) -> str:
    """A number for readers; nan is a dash."""
    return NOTHING if math.isnan(value) else f"{value:.{digits}f}"


def interval(row: Mapping[Any, Any], digits: int) -> str:
    """Mean and interval for readers: `0.910 [0.885, 0.935]`; few seeds have no interval."""
    spread = (
        "" if math.isnan(row["ci_low"]) else f" [{number(row['ci_low'], digits)}, {number(row['ci_high'], digits)}]"
    )
    return f"{number(row['mean'], digits)}{spread}"


def measured_text(row: Mapping[Any, Any], digits: int = 3, unit: str = "") -> str:
    """Effect of a row of claims for readers: `-0.003 [-0.008, 0.002], smallest of interest 0.01 (5 seeds)`."""
    if row["n"] == 0:
        return NOT_RUN
    if str(row["rule"]).startswith("every"):
        return f"{row['smallest']:.3g} to {row['largest']:.3g} ({row['n']} values)"
    smallest = "" if math.isnan(row["margin"]) else f", smallest of interest {row['margin']:g}"
    return f"{interval(row, digits)}{unit}{smallest} ({row['n']} seeds)"


def markdown(cells: pd.DataFrame) -> str:
    """A table of text as Markdown."""
    return tabulate(cells.to_numpy().tolist(), list(map(str, cells)), tablefmt="github", disable_numparse=True)
