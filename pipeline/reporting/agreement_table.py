"""Table 2: CKA and RSA of every pair of twins at the last epoch, beside the published values."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.config.run import Run
from pipeline.reporting.collapsed_rows import collapsed_pairs, collapsed_rows
from pipeline.reporting.possible import cut, possible
from pipeline.reporting.tables import (
    COLUMNS,
    NOT_RUN,
    data_label,
    diverged_rows,
    measured,
    not_run,
    number,
    of_settings,
    uncovered,
    without_lost,
)
from twin_alignment.measures.registry import MEASURES

SHOWN = {name: measure.label for name, measure in MEASURES.items() if measure.table}
NOTHING_COMPARED = "Nothing was compared with CL: that takes CL and another objective."
FORMS = {"cka_raw": "cka"}  # the released code took its CKA on raw features: both forms stand beside what it printed

Published = dict[tuple[str, str, str, str], tuple[int, float]]  # dataset, objective, split, measure -> epoch, value


def table2(
    objectives: Sequence[str],
    alignment: Mapping[Run, pd.DataFrame],
    printed: pd.DataFrame,
    published_classes: Mapping[str, int],
    lost: Mapping[str, str],
) -> pd.DataFrame:
    """One row per dataset, number of classes, pair, split and measure, with mean and 95 % interval over seeds.

    `alignment[run]` has the columns epoch, first, second, split, measure, value. `paper` is the published value of the
    same data, pair and split at `paper_epoch`: the run's last epoch where the paper shows that one, or else the last
    that it shows, which stands there for orientation and has no `deviation`. The published CKA stands beside both forms
    of it. The paper's datasets that no run covers have the status `not run`. Runs of `lost`, by name, have a row of
    their own without a pair that says why they are in no mean, and so has every pair of which one has collapsed.
    """
    rows = []
    for of in of_settings(alignment, published_classes):
        known = _published_at(printed, of.setting.epochs) if of.whole else {}
        last = of.rows[of.rows["epoch"] == of.setting.epochs]
        for (first, second, split), group in last.groupby(["first", "second", "split"], sort=False):
            if not {first, second} <= set(objectives):
                continue
            for measure in SHOWN:
                key = (of.setting.dataset, str(second), str(split), FORMS.get(measure, measure))
                epoch, paper = known.get(key, (None, math.nan)) if first == "cl" else (None, math.nan)
                values = group.loc[group["measure"] == measure, "value"].dropna().tolist()
                if not values:  # all seeds have collapsed
                    continue
                row = measured(of.setting, values, paper)
                row["deviation"] = row["deviation"] if epoch == of.setting.epochs else math.nan
                pair = {"first": first, "second": second, "split": split, "measure": measure}
                rows.append({**row, "paper_epoch": epoch, **pair})
    missing = uncovered(list(alignment), published_classes)
    for (dataset, second, split, measure), (epoch, value) in _published_at(printed, None).items():
        if dataset in missing:
            row = {**not_run(dataset, missing[dataset], value), "epochs": epoch, "paper_epoch": epoch}
            rows.append({**row, "first": "cl", "second": second, "split": split, "measure": measure})
    for row in collapsed_rows({run: collapsed_pairs(own) for run, own in alignment.items()}):
        first, second = row["network"]
        if {first, second} <= set(objectives):
            rows.append({**row, "first": first, "second": second})
    rows += diverged_rows(lost)
    names = ["dataset", "classes", "first", "second", "split", "measure", *COLUMNS]
    names.insert(names.index("paper") + 1, "paper_epoch")
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(("classes", "epochs", "paper_epoch"), "Int64"))


def _published_at(printed: pd.DataFrame, epoch: int | None) -> Published:
    """Of each pair the value at that epoch, or at the last one that the paper shows."""
    values = printed.assign(epoch=printed["epoch"].astype(int))
    values = values.assign(asked=values["epoch"] == epoch).sort_values(["asked", "epoch"])
    found: Published = {}
    columns = ("dataset", "objective", "split", "measure", "epoch", "value")
    for *key, at, value in zip(*(values[c] for c in columns), strict=True):
        dataset, objective, split, measure = map(str, key)
        found[dataset, objective, split, measure] = (int(at), float(value))
    return found


def table2_markdown(table: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """How alike each twin is to CL: a row per dataset, pair and split, a column per measure."""
    rows = []
    table, said = without_lost(table[(table["first"] == "cl") | table["first"].isna()])
    shown = possible(table)
    for (dataset, classes, second, split), group in shown.groupby(
        ["dataset", "classes", "second", "split"], sort=False, dropna=False
    ):
        cells = {str(row["measure"]): _cell(row) for row in group.to_dict("records")}
        row = [data_label(dataset, classes), f"CL–{str(second).upper()}", str(split)]
        rows.append([*row, *(cells.get(measure, NOT_RUN) for measure in SHOWN)])
    header = ["dataset", "pair", "split", *SHOWN.values()]
    parts = [
        "# Table 2: similarity to CL at the last epoch",
        *([] if (shown["status"] != NOT_RUN).any() else [NOTHING_COMPARED]),
        tabulate(rows, header, tablefmt="github", disable_numparse=True),
        "Mean and 95 % interval over seeds; in brackets the paper's value and the epoch that it is of. "
        "CKA, RSA: on cosine similarities of encoder features; the released code took CKA on raw features.",
        *cut(table, shown),
        *said,
        *notes,
    ]
    return "\n\n".join(parts) + "\n"


def _cell(row: dict[Hashable, Any]) -> str:
    paper = "" if math.isnan(row["paper"]) else f" ({number(row['paper'], 3)} at epoch {row['paper_epoch']})"
    if row["status"] == NOT_RUN:
        return f"not run{paper}"
    spread = "" if math.isnan(row["ci_low"]) else f" [{number(row['ci_low'], 3)}, {number(row['ci_high'], 3)}]"
    return f"{number(row['mean'], 3)}{spread}{paper}"
