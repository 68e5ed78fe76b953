"""Table 1: nearest-class-centre and linear-probe accuracy of every objective, beside the published values."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.reporting.tables import COLUMNS, MEASURED, NOT_RUN, by_setting, measured, not_run
from pipeline.settings.run import Run

PROBES = ("nccc", "lp")
NOT_CONVERGED = "measured, probe not converged"


def table1(
    objectives: Sequence[str],
    probes: Mapping[Run, pd.DataFrame],
    printed: pd.DataFrame,
    published_classes: Mapping[str, int],
) -> pd.DataFrame:
    """One row per dataset, number of classes, objective and probe; accuracies in percent.

    `probes[run]` has the columns objective, probe, accuracy, converged, `printed` the paper's values. The paper's
    datasets that no run covers are there with status `not run`.
    """
    columns = (printed[name] for name in ("dataset", "objective", "measure", "value"))
    published = {(str(d), str(o), str(m)): float(value) for d, o, m, value in zip(*columns, strict=True)}
    rows = []
    for setting, seeds in by_setting(list(probes)).items():
        found = pd.concat([probes[run] for run in seeds])
        whole = setting.classes == published_classes.get(setting.dataset)
        for (objective, probe), group in found.groupby(["objective", "probe"], sort=False):
            if objective in objectives:
                paper = published.get((setting.dataset, str(objective), str(probe)), math.nan) if whole else math.nan
                row = measured(setting, group["accuracy"].tolist(), paper)
                row["status"] = MEASURED if group["converged"].all() else NOT_CONVERGED
                rows.append({**row, "objective": objective, "probe": probe})
    covered = {(run.dataset, run.classes) for run in probes}
    for (dataset, objective, probe), value in published.items():
        classes = published_classes[dataset]
        if (dataset, classes) not in covered:
            rows.append({**not_run(dataset, classes, value), "objective": objective, "probe": probe})
    table = pd.DataFrame(rows, columns=["dataset", "classes", "objective", "probe", *COLUMNS])
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
                cells.append(_cell(found.iloc[0]) if len(found) else NOT_RUN)
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
