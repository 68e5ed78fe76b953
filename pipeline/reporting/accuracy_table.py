"""Table 1: accuracy of frozen features of every objective, with the published values and two baselines.

The baselines take no training: raw pixels, and the untrained encoder.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.collapsed_rows import collapsed_networks, collapsed_rows
from pipeline.reporting.interval_limits import clip_intervals, clipping_note
from pipeline.reporting.learned import RAW_PIXELS, TRAINING, UNTRAINED
from pipeline.reporting.seed_intervals import over_seeds
from pipeline.reporting.tables import (
    COLLAPSED,
    COLUMNS,
    DATA,
    MEASURED,
    NOT_CONVERGED,
    NOT_RUN,
    MeasuredSetting,
    data_label,
    diverged_rows,
    markdown,
    measured_row,
    measured_settings,
    not_run_row,
    number,
    objective_title,
    uncovered,
    without_lost,
)

PROBES = ("nccc", "lp")
EXPLANATION = (
    "Mean over seeds ± half of the 95 % interval (Student's t); in brackets the paper's value. NCCC: nearest class "
    "centre, LP: linear probe. RAW PIXELS and UNTRAINED took no training: an objective that does not beat both has "
    "learned nothing."
)
TRAINING_EXPLANATION = (
    "Path length: learning rate × trust coefficient, summed over all steps. Displacement: distance of the encoder's "
    "weights from their start, relative to their size at the start. Means over seeds."
)


def table1(
    objectives: Sequence[str],
    probes: Mapping[Run, pd.DataFrame],
    baselines: Mapping[str, pd.DataFrame],
    movement: Mapping[Run, pd.DataFrame],
    printed: pd.DataFrame,
    published_classes: Mapping[str, int],
    lost: Mapping[str, str],
) -> pd.DataFrame:
    """Accuracies in percent, one row per dataset, number of classes, objective and probe.

    Args:
        objectives: names, in their order.
        probes: by run, columns objective, probe, accuracy, converged; with rows `untrained`.
        baselines: by subset, the same columns, of `raw_pixels`; each subset counts once.
        movement: by run, columns epoch, objective and TRAINING.
        printed: the paper's values.
        published_classes: of the paper's datasets; those that no run covers have rows with the status `not run`.
        lost: diverged runs by name, with the reason.

    Returns:
        Means over seeds with TRAINING at the last epoch. Diverged runs and collapsed networks have rows without
        numbers, whose status says why they are in no mean.
    """
    columns = (printed[name] for name in ("dataset", "objective", "measure", "value"))
    published = {(str(d), str(o), str(m)): float(value) for d, o, m, value in zip(*columns, strict=True)}
    rows = []
    for group in measured_settings(probes, published_classes):
        setting, subsets = group.setting, dict.fromkeys(run.subset for run in group.runs)
        measured = pd.concat([*(baselines[subset] for subset in subsets), group.rows])
        trained = _training(group, pd.concat([movement[run] for run in group.runs]))
        for objective in (RAW_PIXELS, UNTRAINED, *objectives):
            for probe, rows_of_probe in measured[measured["objective"] == objective].groupby("probe", sort=False):
                paper = published.get((setting.dataset, objective, str(probe)), math.nan)
                accuracy = over_seeds(rows_of_probe["accuracy"].tolist())
                row = measured_row(setting, accuracy, paper if group.is_published else math.nan)
                row["status"] = MEASURED if rows_of_probe["converged"].all() else NOT_CONVERGED
                rows.append({**row, "objective": objective, "probe": probe, **trained.get(objective, {})})
    missing = uncovered(list(probes), published_classes)
    for (dataset, objective, probe), value in published.items():
        if dataset in missing:
            rows.append({**not_run_row(dataset, missing[dataset], value), "objective": objective, "probe": probe})
    collapsed = {run: collapsed_networks(moved) for run, moved in movement.items()}
    lost_networks = ({**row, "objective": row["network"][0]} for row in collapsed_rows(collapsed))
    rows += [row for row in lost_networks if row["objective"] in objectives]
    rows += diverged_rows(lost)
    table = pd.DataFrame(rows, columns=[*DATA, "objective", "probe", *COLUMNS, *TRAINING])
    return table.astype({"classes": "Int64", "epochs": "Int64", **dict.fromkeys(TRAINING, float)})


def _training(group: MeasuredSetting, movement: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Objective -> means over seeds of TRAINING at the last epoch; an untrained encoder has not moved."""
    last = movement[movement["epoch"] == group.setting.epochs]
    means = last.groupby("objective")[list(TRAINING)].mean()
    trained = {str(objective): {name: float(row[name]) for name in TRAINING} for objective, row in means.iterrows()}
    return {**trained, UNTRAINED: dict.fromkeys(TRAINING, 0.0)}


def accuracy_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Cells for readers: columns data and probe, then one column an objective. Rows are of Table 1, lost runs too."""
    collapsed = table[table["status"].str.startswith(COLLAPSED)]
    lost = {(data_label(row["dataset"], row["classes"]), row["objective"]) for row in collapsed.to_dict("records")}
    objectives = list(dict.fromkeys(table["objective"].dropna()))
    clipped = clip_intervals(without_lost(table)[0], "accuracy")
    rows = []
    for key, data in clipped.groupby(DATA, sort=False, dropna=False):
        for probe in PROBES:
            cells = {row["objective"]: _cell(row) for row in data[data["probe"] == probe].to_dict("records")}
            empty = {name: COLLAPSED if (data_label(*key), name) in lost else NOT_RUN for name in objectives}
            rows.append([data_label(*key), probe.upper(), *(cells.get(name, empty[name]) for name in objectives)])
    return pd.DataFrame(rows, columns=["data", "probe", *map(objective_title, objectives)])


def training_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Cells for readers: columns data and training, then one column an objective."""
    table = without_lost(table)[0]
    objectives = [name for name in dict.fromkeys(table["objective"].dropna()) if name != RAW_PIXELS]
    rows = []
    for key, data in table.groupby(DATA, sort=False, dropna=False):
        values = data.drop_duplicates("objective").set_index("objective")
        for name, label in TRAINING.items():
            numbers = (number(float(values[name].get(objective, math.nan)), 3) for objective in objectives)
            rows.append([data_label(*key), label, *numbers])
    return pd.DataFrame(rows, columns=["data", "training", *map(objective_title, objectives)])


def table1_notes(table: pd.DataFrame) -> list[str]:
    """Sentences below Table 1: clipped intervals, and runs that are in no mean."""
    rows, sentences = without_lost(table)
    return [*clipping_note(rows, clip_intervals(rows, "accuracy")), *sentences]


def table1_markdown(table: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """Table 1 for readers; data of the paper that was not run has its own table at the end."""
    unrun = table["status"] == NOT_RUN
    parts = ["# Table 1: test accuracy of frozen features (%)", markdown(accuracy_cells(table[~unrun])), EXPLANATION]
    if unrun.any():
        parts.append("Data of the paper that was not run is in the last table, with its published values.")
    parts += [*table1_notes(table), "## How much training that was", markdown(training_cells(table[~unrun]))]
    parts += [TRAINING_EXPLANATION, *notes]
    if unrun.any():
        parts += ["## Not run: the paper's values", markdown(accuracy_cells(table[unrun]))]
    return "\n\n".join(parts) + "\n"


def _cell(row: Mapping[Any, Any]) -> str:
    paper = "" if math.isnan(row["paper"]) else f" ({row['paper']:.2f})"
    if row["status"] == NOT_RUN:
        return f"{NOT_RUN}{paper}"
    half = row["ci_high"] - row["mean"]
    symmetric = math.isclose(half, row["mean"] - row["ci_low"], abs_tol=1e-6)  # false where an end was clipped
    spread = f" ± {half:.1f}" if symmetric else f" [{row['ci_low']:.1f}, {row['ci_high']:.1f}]"
    mark = "" if row["status"] == MEASURED else " (probe not converged)"
    return f"{row['mean']:.1f}{'' if math.isnan(half) else spread}{paper}{mark}"
