"""Table 2: similarity of every pair of twins at the last epoch, with the published values."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.across_seeds import DISATTENUATED, EXPLANATION, LABEL, disattenuated_cka
from pipeline.reporting.collapsed_rows import collapsed_pairs, collapsed_rows
from pipeline.reporting.interval_limits import clip_intervals, clipping_note
from pipeline.reporting.seed_intervals import Interval, over_seeds
from pipeline.reporting.tables import (
    COLUMNS,
    DATA,
    NOT_RUN,
    NOTHING,
    MeasuredSetting,
    data_label,
    diverged_rows,
    interval,
    markdown,
    measured_row,
    measured_settings,
    not_run_row,
    number,
    objective_title,
    uncovered,
    with_numbers,
    without_lost,
)
from twin_alignment.measures.registry import MEASURES

LABELS = {name: measure.label for name, measure in MEASURES.items() if measure.table}
NOTHING_COMPARED = "Nothing was compared with CL: that takes CL and another objective."
PUBLISHED_AS = {"cka_raw": "cka"}  # the released code computes CKA on raw features: both forms have the printed value

Published = dict[tuple[str, str, str, str], tuple[int, float]]  # dataset, objective, split, measure -> epoch, value


def table2(
    objectives: Sequence[str],
    alignment: Mapping[Run, pd.DataFrame],
    printed: pd.DataFrame,
    published_classes: Mapping[str, int],
    lost: Mapping[str, str],
    across_seeds: Mapping[Run, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Means over seeds, one row per dataset, number of classes, pair, split and measure.

    Args:
        objectives: names of the twins to compare.
        alignment: by run, columns epoch, first, second, split, measure, value.
        printed: the paper's values.
        published_classes: of the paper's datasets; those that no run covers have rows with the status `not run`.
        lost: diverged runs by name, with the reason.
        across_seeds: by setting, similarities between seeds, see `seed_pairs`. None: there are none.

    Returns:
        `paper` is the published value of the same data, pair and split at `paper_epoch`: the run's last epoch where the
        paper shows it, else the last epoch that it shows, for orientation, without a `deviation`. Diverged runs and
        pairs with a collapsed network have rows without numbers, whose status says why they are in no mean. Pairs of
        CL and a twin that enough seeds compare have rows of the measure `cka_disattenuated`.
    """
    rows = []
    for group in measured_settings(alignment, published_classes):
        setting = group.setting
        published = _published_at(printed, setting.epochs) if group.is_published else {}
        last = group.rows[group.rows["epoch"] == setting.epochs]
        corrected = _across_seeds(group, (across_seeds or {}).get(setting))
        for (first, second, split), pair_rows in last.groupby(["first", "second", "split"], sort=False):
            if not {first, second} <= set(objectives):
                continue
            for measure in LABELS:
                key = (setting.dataset, str(second), str(split), PUBLISHED_AS.get(measure, measure))
                epoch, paper = published.get(key, (None, math.nan)) if first == "cl" else (None, math.nan)
                values = pair_rows.loc[pair_rows["measure"] == measure, "value"].dropna().tolist()
                if not values:  # all seeds have collapsed
                    continue
                row = measured_row(setting, over_seeds(values), paper)
                row["deviation"] = row["deviation"] if epoch == setting.epochs else math.nan
                pair = {"first": first, "second": second, "split": split, "measure": measure}
                rows.append({**row, "paper_epoch": epoch, **pair})
            if first == "cl" and (across := corrected.get(str(split), {}).get(str(second))):
                pair = {"first": first, "second": second, "split": split, "measure": DISATTENUATED}
                rows.append({**measured_row(setting, across), **pair})
    missing = uncovered(list(alignment), published_classes)
    for (dataset, second, split, measure), (epoch, value) in _published_at(printed, None).items():
        if dataset in missing:
            row = {**not_run_row(dataset, missing[dataset], value), "epochs": epoch, "paper_epoch": epoch}
            rows.append({**row, "first": "cl", "second": second, "split": split, "measure": measure})
    for row in collapsed_rows({run: collapsed_pairs(rows_of_run) for run, rows_of_run in alignment.items()}):
        first, second = row["network"]
        if {first, second} <= set(objectives):
            rows.append({**row, "first": first, "second": second})
    rows += diverged_rows(lost)
    names = [*DATA, "first", "second", "split", "measure", *COLUMNS]
    names.insert(names.index("paper") + 1, "paper_epoch")
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(("classes", "epochs", "paper_epoch"), "Int64"))


def _across_seeds(group: MeasuredSetting, pairs: pd.DataFrame | None) -> dict[str, dict[str, Interval]]:
    """Split -> twin -> disattenuated CKA with CL at the last epoch."""
    if pairs is None:
        return {}
    seeds, last = [run.seed for run in group.runs], pairs[pairs["epoch"] == group.setting.epochs]
    return {str(split): disattenuated_cka(rows, seeds) for split, rows in last.groupby("split")}


def _published_at(printed: pd.DataFrame, epoch: int | None) -> Published:
    """Published value of each pair at an epoch, or else at the last one that the paper shows."""
    values = printed.assign(epoch=printed["epoch"].astype(int))
    values = values.assign(requested=values["epoch"] == epoch).sort_values(["requested", "epoch"])
    columns = (values[name] for name in ("dataset", "objective", "split", "measure", "epoch", "value"))
    return {(str(d), str(o), str(s), str(m)): (int(at), float(v)) for d, o, s, m, at, v in zip(*columns, strict=True)}


def similarity_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Cells for readers, of pairs with CL: a row per data, pair and split, a column per measure."""
    table = table[table["first"] == "cl"]
    labels = LABELS
    if (table["measure"] == DISATTENUATED).any():  # next to CKA
        labels = {"cka": LABELS["cka"], DISATTENUATED: LABEL, **LABELS}
    clipped = clip_intervals(without_lost(table)[0])
    rows = []
    for (dataset, classes, second, split), pair in clipped.groupby(
        [*DATA, "second", "split"], sort=False, dropna=False
    ):
        cells = {row["measure"]: _cell(row) for row in pair.to_dict("records")}
        names = [data_label(dataset, classes), f"CL–{objective_title(second)}", split]
        empty = {DISATTENUATED: NOTHING}
        rows.append([*names, *(cells.get(measure, empty.get(measure, NOT_RUN)) for measure in labels)])
    return pd.DataFrame(rows, columns=["dataset", "pair", "split", *labels.values()])


def table2_notes(table: pd.DataFrame) -> list[str]:
    """Sentences below Table 2: nothing compared, the disattenuated CKA, clipped intervals, and pairs in no mean."""
    rows, sentences = without_lost(table[(table["first"] == "cl") | table["first"].isna()])
    empty = with_numbers(rows).empty and not sentences
    explained = [EXPLANATION] if (rows["measure"] == DISATTENUATED).any() else []
    return [*([NOTHING_COMPARED] if empty else []), *explained, *clipping_note(rows, clip_intervals(rows)), *sentences]


def table2_markdown(table: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """Table 2 for readers."""
    parts = [
        "# Table 2: similarity to CL at the last epoch",
        markdown(similarity_cells(table)),
        "Mean and 95 % interval over seeds; in brackets the paper's value and its epoch. CKA, RSA: on cosine "
        "similarities of encoder features; the released code took CKA on raw features.",
        *table2_notes(table),
        *notes,
    ]
    return "\n\n".join(parts) + "\n"


def _cell(row: Mapping[Any, Any]) -> str:
    paper = "" if math.isnan(row["paper"]) else f" ({number(row['paper'], 3)} at epoch {row['paper_epoch']:g})"
    return f"{NOT_RUN}{paper}" if row["status"] == NOT_RUN else f"{interval(row, 3)}{paper}"
