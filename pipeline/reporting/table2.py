"""Table 2: CKA and RSA of every pair of twins at the last epoch, beside the published values."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.params import Objective
from pipeline.reporting.intervals import over_seeds
from pipeline.reporting.reference import PAPER_CLASSES, paper_values
from pipeline.reporting.tables import MEASURED, NOT_RUN, encoder_name, number
from pipeline.runs import Run, by_setting

MEASURES = ("cka", "cka_raw", "cka_debiased", "rsa")
COLUMNS = (
    *("dataset", "classes", "first", "second", "split", "measure", "encoder", "epochs", "denominator"),
    *("n_seeds", "mean", "ci_low", "ci_high", "paper", "deviation", "status"),
)


def table2(runs: Sequence[Run], objectives: Sequence[Objective], alignment: Mapping[Run, pd.DataFrame]) -> pd.DataFrame:
    """One row per dataset, number of classes, pair, split and measure, with mean and 95 % interval over seeds.

    `paper` is the last published value of the same data, pair, split and measure; it was read off figures at another
    epoch, and stands there for orientation. The paper's datasets that no run covers have the status `not run`.
    """
    published = _last_published()
    rows = []
    for setting, seeds in by_setting(runs).items():
        measured = pd.concat([alignment[run] for run in seeds])
        last = measured[measured["epoch"] == setting.epochs]
        full = setting.classes == PAPER_CLASSES.get(setting.dataset)
        for (first, second, split), group in last.groupby(["first", "second", "split"], sort=False):
            if not {first, second} <= set(objectives):
                continue
            for measure in MEASURES:
                found = over_seeds(group[measure].tolist())
                known = full and first == "cl"
                paper = published.get((setting.dataset, str(second), str(split), measure)) if known else None
                value = math.nan if paper is None else paper[1]
                rows.append(
                    {
                        "dataset": setting.dataset,
                        "classes": setting.classes,
                        "first": first,
                        "second": second,
                        "split": split,
                        "measure": measure,
                        "encoder": encoder_name(setting),
                        "epochs": setting.epochs,
                        "denominator": setting.denominator,
                        "n_seeds": found.n,
                        "mean": found.mean,
                        "ci_low": found.low,
                        "ci_high": found.high,
                        "paper": value,
                        "deviation": found.mean - value,
                        "status": MEASURED,
                    }
                )
    covered = {(run.dataset, run.classes) for run in runs}
    for (dataset, second, split, measure), (epoch, value) in published.items():
        if (dataset, PAPER_CLASSES[dataset]) not in covered:
            rows.append(
                {
                    "dataset": dataset,
                    "classes": PAPER_CLASSES[dataset],
                    "first": "cl",
                    "second": second,
                    "split": split,
                    "measure": measure,
                    "encoder": "resnet50-w64",
                    "epochs": epoch,
                    "denominator": "unstated",
                    "n_seeds": 0,
                    "paper": value,
                    "status": NOT_RUN,
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS).astype({"classes": "Int64", "epochs": "Int64"})


def _last_published() -> dict[tuple[str, str, str, str], tuple[int, float]]:
    """(dataset, objective, split, measure) -> (epoch, value) of the last epoch that the paper shows."""
    values = pd.concat([paper_values("fig2"), paper_values("text")])
    values["epoch"] = values["epoch"].astype(int)
    last: dict[tuple[str, str, str, str], tuple[int, float]] = {}
    columns = ("dataset", "objective", "split", "measure", "epoch", "value")
    for *key, epoch, value in zip(*(values.sort_values("epoch")[c] for c in columns), strict=True):
        dataset, objective, split, measure = map(str, key)
        last[dataset, objective, split, measure] = (int(epoch), float(value))
    return last


def table2_markdown(table: pd.DataFrame) -> str:
    """How alike each supervised twin is to CL: a row per dataset, pair and split, a column per measure."""
    headings = {"cka": "CKA", "rsa": "RSA", "cka_debiased": "CKA, debiased", "cka_raw": "CKA, raw features"}
    rows = []
    shown = table[table["first"] == "cl"]
    for (dataset, classes, second, split), group in shown.groupby(
        ["dataset", "classes", "second", "split"], sort=False
    ):
        cells = {str(row["measure"]): _cell(row) for row in group.to_dict("records")}
        row = [f"{dataset} C={classes}", f"CL–{str(second).upper()}", str(split)]
        rows.append([*row, *(cells.get(measure, "not run") for measure in headings)])
    header = ["dataset", "pair", "split", *headings.values()]
    return "\n\n".join(
        (
            "# Table 2: similarity to CL at the last epoch",
            tabulate(rows, header, tablefmt="github", disable_numparse=True),
            "Mean and 95 % interval over seeds; in brackets the last value that the paper shows, at its own epoch. "
            "CKA, RSA: on cosine similarities of encoder features.\n",
        )
    )


def _cell(row: dict[Hashable, Any]) -> str:
    paper = "" if math.isnan(row["paper"]) else f" ({number(row['paper'], 3)})"
    if row["status"] == NOT_RUN:
        return f"not run{paper}"
    spread = "" if math.isnan(row["ci_low"]) else f" [{number(row['ci_low'], 3)}, {number(row['ci_high'], 3)}]"
    return f"{number(row['mean'], 3)}{spread}{paper}"
