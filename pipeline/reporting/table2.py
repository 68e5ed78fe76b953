"""Table 2: CKA and RSA of every pair of twins at the last epoch, beside the published values."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.alignment.measures import MEASURES
from pipeline.reporting.tables import COLUMNS, NOT_RUN, by_setting, measured, not_run, number
from pipeline.settings.run import Run

SHOWN = {name: measure.label for name, measure in MEASURES.items() if measure.table}


def table2(
    objectives: Sequence[str],
    alignment: Mapping[Run, pd.DataFrame],
    printed: pd.DataFrame,
    published_classes: Mapping[str, int],
) -> pd.DataFrame:
    """One row per dataset, number of classes, pair, split and measure, with mean and 95 % interval over seeds.

    `alignment[run]` has the columns epoch, first, second, split, measure, value. `paper` is the last published value of
    the same data, pair, split and measure; it was read off figures at another epoch, and stands there for orientation.
    The paper's datasets that no run covers have the status `not run`.
    """
    published = _last_published(printed)
    rows = []
    for setting, seeds in by_setting(list(alignment)).items():
        found = pd.concat([alignment[run] for run in seeds])
        last = found[found["epoch"] == setting.epochs]
        whole = setting.classes == published_classes.get(setting.dataset)
        for (first, second, split), group in last.groupby(["first", "second", "split"], sort=False):
            if not {first, second} <= set(objectives):
                continue
            for measure in SHOWN:
                values = group.loc[group["measure"] == measure, "value"].tolist()
                known = published if whole and first == "cl" else {}
                _, paper = known.get((setting.dataset, str(second), str(split), measure), (0, math.nan))
                row = measured(setting, values, paper)
                rows.append({**row, "first": first, "second": second, "split": split, "measure": measure})
    covered = {(run.dataset, run.classes) for run in alignment}
    for (dataset, second, split, measure), (epoch, value) in published.items():
        classes = published_classes[dataset]
        if (dataset, classes) not in covered:
            row = {**not_run(dataset, classes, value), "epochs": epoch}
            rows.append({**row, "first": "cl", "second": second, "split": split, "measure": measure})
    table = pd.DataFrame(rows, columns=["dataset", "classes", "first", "second", "split", "measure", *COLUMNS])
    return table.astype({"classes": "Int64", "epochs": "Int64"})


def _last_published(printed: pd.DataFrame) -> dict[tuple[str, str, str, str], tuple[int, float]]:
    """(dataset, objective, split, measure) -> (epoch, value) of the last epoch that the paper shows."""
    values = printed.assign(epoch=printed["epoch"].astype(int)).sort_values("epoch")
    last: dict[tuple[str, str, str, str], tuple[int, float]] = {}
    columns = ("dataset", "objective", "split", "measure", "epoch", "value")
    for *key, epoch, value in zip(*(values[c] for c in columns), strict=True):
        dataset, objective, split, measure = map(str, key)
        last[dataset, objective, split, measure] = (int(epoch), float(value))
    return last


def table2_markdown(table: pd.DataFrame) -> str:
    """How alike each supervised twin is to CL: a row per dataset, pair and split, a column per measure."""
    rows = []
    shown = table[table["first"] == "cl"]
    for (dataset, classes, second, split), group in shown.groupby(
        ["dataset", "classes", "second", "split"], sort=False
    ):
        cells = {str(row["measure"]): _cell(row) for row in group.to_dict("records")}
        row = [f"{dataset} C={classes}", f"CL–{str(second).upper()}", str(split)]
        rows.append([*row, *(cells.get(measure, NOT_RUN) for measure in SHOWN)])
    header = ["dataset", "pair", "split", *SHOWN.values()]
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
