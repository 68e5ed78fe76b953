"""Table 1: nearest-class-centre and linear-probe accuracy of every objective, beside the published values and beside
what takes no training: raw pixels, and the untrained encoder."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.config.run import Run
from pipeline.reporting.collapsed_rows import collapsed_networks, collapsed_rows
from pipeline.reporting.learned import RAW_PIXELS, TRAINING, UNTRAINED
from pipeline.reporting.possible import cut, possible
from pipeline.reporting.tables import (
    COLLAPSED,
    COLUMNS,
    MEASURED,
    NOT_RUN,
    OfSetting,
    data_label,
    diverged_rows,
    measured,
    not_run,
    number,
    of_settings,
    uncovered,
    without_lost,
)

PROBES = ("nccc", "lp")
NOT_CONVERGED = "measured, probe not converged"


def table1(
    objectives: Sequence[str],
    probes: Mapping[Run, pd.DataFrame],
    baselines: Mapping[str, pd.DataFrame],
    movement: Mapping[Run, pd.DataFrame],
    printed: pd.DataFrame,
    published_classes: Mapping[str, int],
    lost: Mapping[str, str],
) -> pd.DataFrame:
    """One row per dataset, number of classes, objective and probe; accuracies in percent.

    `probes[run]` has the columns objective, probe, accuracy, converged, and a row `untrained`; `baselines[run.subset]`
    has the same columns of `raw_pixels`, each subset counting once; `movement[run]` has epoch, objective and TRAINING,
    of which the last epoch's mean over seeds stands in each row (NA of raw pixels). `printed` has the paper's values:
    the paper's datasets that no run covers are there with status `not run`. Runs of `lost`, by name, have a row of
    their own without objective that says why they are in no mean, and so has every network that has collapsed.
    """
    columns = (printed[name] for name in ("dataset", "objective", "measure", "value"))
    published = {(str(d), str(o), str(m)): float(value) for d, o, m, value in zip(*columns, strict=True)}
    rows = []
    for of in of_settings(probes, published_classes):
        subsets = dict.fromkeys(run.subset for run in of.runs)
        found = pd.concat([*(baselines[subset] for subset in subsets), of.rows])
        trained = _training(of, pd.concat([movement[run] for run in of.runs]))
        for objective in (RAW_PIXELS, UNTRAINED, *objectives):
            for probe, group in found[found["objective"] == objective].groupby("probe", sort=False):
                key = (of.setting.dataset, objective, str(probe))
                row = measured(
                    of.setting, group["accuracy"].tolist(), published.get(key, math.nan) if of.whole else math.nan
                )
                row["status"] = MEASURED if group["converged"].all() else NOT_CONVERGED
                rows.append({**row, "objective": objective, "probe": probe, **trained.get(objective, {})})
    for (dataset, objective, probe), value in published.items():
        classes = uncovered(list(probes), published_classes).get(dataset)
        if classes is not None:
            rows.append({**not_run(dataset, classes, value), "objective": objective, "probe": probe})
    collapsed = {run: collapsed_networks(moved) for run, moved in movement.items()}
    lost_networks = ({**row, "objective": row["network"][0]} for row in collapsed_rows(collapsed))
    rows += [row for row in lost_networks if row["objective"] in objectives]
    rows += diverged_rows(lost)
    table = pd.DataFrame(rows, columns=["dataset", "classes", "objective", "probe", *COLUMNS, *TRAINING])
    return table.astype({"classes": "Int64", "epochs": "Int64", **dict.fromkeys(TRAINING, float)})


def _training(of: OfSetting, movement: pd.DataFrame) -> dict[str, dict[str, float]]:
    """objective -> mean over seeds of TRAINING at the last epoch; an untrained encoder has not moved."""
    last = movement[movement["epoch"] == of.setting.epochs]
    means = last.groupby("objective")[list(TRAINING)].mean()
    found = {str(objective): {name: float(row[name]) for name in TRAINING} for objective, row in means.iterrows()}
    return {**found, UNTRAINED: dict.fromkeys(TRAINING, 0.0)}


def table1_markdown(table: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """The paper's layout: a row per objective, two columns per dataset; below, how much training there was."""
    objectives = list(dict.fromkeys(table.loc[table["status"] != NOT_RUN, "objective"].dropna()))
    collapsed = collapsed_cells(table)
    table, said = without_lost(table)
    shown = possible(table, "accuracy")
    unrun = shown["status"] == NOT_RUN
    of_runs = _accuracies(shown[~unrun], objectives, collapsed)
    ran = [(title, group.drop_duplicates("objective").set_index("objective")) for title, group in _data(shown[~unrun])]
    moved = [
        [_title(objective), *(_moved(group, objective, name) for _, group in ran for name in TRAINING)]
        for objective in objectives
        if objective != RAW_PIXELS
    ]
    parts = [
        "# Table 1: test accuracy of frozen features (%)",
        of_runs,
        "Mean over seeds ± half of the 95 % interval (Student's t); in brackets the paper's value. "
        "NCCC: nearest class centre, LP: linear probe. RAW PIXELS and UNTRAINED took no training: an objective that "
        "does not beat both has learned nothing.",
        *cut(table, shown),
        *said,
        "## How much training that was",
        tabulate(
            moved,
            ["", *(f"{title} {text}" for title, _ in ran for text in TRAINING.values())],
            tablefmt="github",
            disable_numparse=True,
        ),
        "Path length: learning rate × trust, summed over all steps. Displacement: how far the encoder's weights moved, "
        "relative to their size at the start. Means over seeds.",
        *notes,
    ]
    if unrun.any():
        published = list(dict.fromkeys(shown.loc[unrun, "objective"]))
        parts.insert(3, "Data of the paper that was not run stands in the last table, with its published values.")
        parts += ["## Not run: the paper's values", _accuracies(shown[unrun], published, set())]
    return "\n\n".join(parts) + "\n"


def _data(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(data_label(*key), group) for key, group in rows.groupby(["dataset", "classes"], sort=False, dropna=False)]


def _accuracies(rows: pd.DataFrame, objectives: Sequence[str], collapsed: Collection[tuple[str, str]]) -> str:
    """A row an objective, a column each data and probe."""
    lines = []
    for objective in objectives:
        cells = [_title(objective)]
        for title, group in _data(rows):
            nothing = COLLAPSED if (title, objective) in collapsed else NOT_RUN
            for probe in PROBES:
                found = group[(group["objective"] == objective) & (group["probe"] == probe)]
                cells.append(_cell(found.iloc[0]) if len(found) else nothing)
        lines.append(cells)
    header = ["", *(f"{title} {probe.upper()}" for title, _ in _data(rows) for probe in PROBES)]
    return tabulate(lines, header, tablefmt="github", disable_numparse=True)


def collapsed_cells(table: pd.DataFrame) -> set[tuple[str, str]]:
    """Data and objective of rows that have collapsed, where a table for readers may have no number."""
    rows = table[table["status"].str.startswith(COLLAPSED)]
    return {(data_label(row["dataset"], row["classes"]), row["objective"]) for row in rows.to_dict("records")}


def _title(objective: str) -> str:
    return objective.replace("_", " ").upper()


def _moved(rows: pd.DataFrame, objective: str, name: str) -> str:
    return number(float(rows[name].get(objective, math.nan)), 3)


def _cell(row: "pd.Series[Any]") -> str:
    paper = "" if math.isnan(row["paper"]) else f" ({row['paper']:.2f})"
    if row["status"] == NOT_RUN:
        return f"not run{paper}"
    half = row["ci_high"] - row["mean"]
    even = math.isclose(half, row["mean"] - row["ci_low"], abs_tol=1e-6)  # not, where an end is held at its limit
    interval = f" ± {half:.1f}" if even else f" [{row['ci_low']:.1f}, {row['ci_high']:.1f}]"
    spread = "" if math.isnan(half) else interval
    mark = "" if row["status"] == MEASURED else " (probe not converged)"
    return f"{row['mean']:.1f}{spread}{paper}{mark}"
