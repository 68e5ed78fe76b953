"""Table 1: nearest-class-centre and linear-probe accuracy of every objective, beside the published values."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.params import Objective
from pipeline.reporting.intervals import over_seeds
from pipeline.reporting.reference import PAPER_CLASSES, paper_values
from pipeline.reporting.tables import MEASURED, NOT_RUN, encoder_name
from pipeline.runs import Run, by_setting

PROBES = ("nccc", "lp")
NOT_CONVERGED = "measured, probe not converged"
COLUMNS = (
    *("dataset", "classes", "objective", "probe", "encoder", "epochs", "denominator"),
    *("n_seeds", "mean", "ci_low", "ci_high", "paper", "deviation", "status"),
)


def table1(runs: Sequence[Run], objectives: Sequence[Objective], probes: Mapping[Run, pd.DataFrame]) -> pd.DataFrame:
    """One row per dataset, number of classes, objective and probe; accuracies in percent.

    `probes[run]` has the columns objective, probe, accuracy, converged. The paper's datasets that no run covers are
    there with status `not run`.
    """
    printed = paper_values("table1")
    published = {
        (str(data), str(objective), str(measure)): float(value)
        for data, objective, measure, value in zip(
            *(printed[c] for c in ("dataset", "objective", "measure", "value")), strict=True
        )
    }
    rows = []
    for setting, seeds in by_setting(runs).items():
        measured = pd.concat([probes[run] for run in seeds])
        for (objective, probe), group in measured.groupby(["objective", "probe"], sort=False):
            if objective not in objectives:
                continue
            interval = over_seeds(group["accuracy"].tolist())
            full = setting.classes == PAPER_CLASSES.get(setting.dataset)
            paper = published.get((setting.dataset, str(objective), str(probe)), math.nan) if full else math.nan
            rows.append(
                {
                    "dataset": setting.dataset,
                    "classes": setting.classes,
                    "objective": objective,
                    "probe": probe,
                    "encoder": encoder_name(setting),
                    "epochs": setting.epochs,
                    "denominator": setting.denominator,
                    "n_seeds": interval.n,
                    "mean": interval.mean,
                    "ci_low": interval.low,
                    "ci_high": interval.high,
                    "paper": paper,
                    "deviation": interval.mean - paper,
                    "status": MEASURED if group["converged"].all() else NOT_CONVERGED,
                }
            )
    covered = {(run.dataset, run.classes) for run in runs}
    for (dataset, objective, probe), value in published.items():
        if (dataset, PAPER_CLASSES[dataset]) not in covered:
            rows.append(
                {
                    "dataset": dataset,
                    "classes": PAPER_CLASSES[dataset],
                    "objective": objective,
                    "probe": probe,
                    "encoder": "resnet50-w64",
                    "denominator": "unstated",
                    "n_seeds": 0,
                    "paper": value,
                    "status": NOT_RUN,
                }
            )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"classes": "Int64", "epochs": "Int64"})


def table1_markdown(table: pd.DataFrame) -> str:
    """The paper's layout: a row per objective, two columns per dataset."""
    parts = ["# Table 1: test accuracy of frozen features (%)"]
    header = ["", *(f"{data} C={classes} {probe.upper()}" for data, classes in _datasets(table) for probe in PROBES)]
    rows = []
    for objective in dict.fromkeys(table["objective"]):
        cells = [str(objective).upper()]
        for data, classes in _datasets(table):
            for probe in PROBES:
                found = table[
                    (table["dataset"] == data)
                    & (table["classes"] == classes)
                    & (table["objective"] == objective)
                    & (table["probe"] == probe)
                ]
                cells.append(_cell(found.iloc[0]) if len(found) else "not run")
        rows.append(cells)
    parts.append(tabulate(rows, header, tablefmt="github", disable_numparse=True))
    parts.append(
        "Mean over seeds ± half of the 95 % interval (Student's t); in brackets the paper's value. "
        "NCCC: nearest class centre, LP: linear probe."
    )
    return "\n\n".join(parts) + "\n"


def _datasets(table: pd.DataFrame) -> list[tuple[str, int]]:
    return list(dict.fromkeys(zip(table["dataset"], table["classes"], strict=True)))


def _cell(row: "pd.Series[Any]") -> str:
    paper = "" if math.isnan(row["paper"]) else f" ({row['paper']:.2f})"
    if row["status"] == NOT_RUN:
        return f"not run{paper}"
    half = row["ci_high"] - row["mean"]
    spread = "" if math.isnan(half) else f" ± {half:.1f}"
    mark = "" if row["status"] == MEASURED else " (probe not converged)"
    return f"{row['mean']:.1f}{spread}{paper}{mark}"
