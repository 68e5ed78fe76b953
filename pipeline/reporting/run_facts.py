"""What a figure's runs learned, how far they moved, and which collapsed: a likeness of networks that learned nothing
says nothing, and of those that collapsed there is none."""

from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.collapsed_rows import collapsed_networks, collapsed_text
from pipeline.reporting.learned import RAW_PIXELS, TRAINING, UNTRAINED
from pipeline.reporting.tables import COLLAPSED, data_label, of_settings

ACCURACIES = {"cl": "CL", UNTRAINED: "untrained", RAW_PIXELS: "raw pixels"}  # of the nearest class centre, percent


def facts(
    probes: Mapping[Run, pd.DataFrame],
    baselines: Mapping[str, pd.DataFrame],
    movement: Mapping[Run, pd.DataFrame],
    objectives: Collection[str],
) -> pd.DataFrame:
    """One row per setting with means over seeds: dataset, classes, encoder, setting, ACCURACIES, and TRAINING of CL at
    the last epoch; NA where one was not measured. What is measured of each run and subset is as for Table 1. Where one
    of the objectives collapsed, a column `collapsed` names its seed and epochs.
    """
    rows = []
    for of in of_settings(probes, {}):
        subsets = dict.fromkeys(run.subset for run in of.runs)
        found = pd.concat([of.rows, *(baselines[subset] for subset in subsets)]).query("probe == 'nccc'")
        accuracies = found.groupby("objective")["accuracy"].mean().reindex(list(ACCURACIES))
        moved = pd.concat([movement[run] for run in of.runs])
        moved = moved[(moved["objective"] == "cl") & (moved["epoch"] == of.setting.epochs)]
        where = {"dataset": of.setting.dataset, "classes": of.setting.classes, "encoder": of.setting.encoder}
        numbers = pd.concat([accuracies, moved[list(TRAINING)].mean()])
        row = {**where, "setting": of.setting.name, **{str(name): value for name, value in numbers.items()}}
        collapsed = _collapsed({run: movement[run] for run in of.runs}, objectives)
        rows.append({**row, COLLAPSED: collapsed} if collapsed else row)
    return pd.DataFrame(rows).astype({"classes": "Int64"})


def _collapsed(movement: Mapping[Run, pd.DataFrame], objectives: Collection[str]) -> str:
    shown = {run: collapsed_networks(rows[rows["objective"].isin(objectives)]) for run, rows in movement.items()}
    return "; ".join(f"seed {run.seed}: {collapsed_text(found)}" for run, found in shown.items() if found)


def sentences(table: pd.DataFrame) -> list[str]:
    """One for each dataset, number of classes and encoder, with the range over settings; and what collapsed."""
    several = table["encoder"].nunique() > 1
    found = []
    for (dataset, classes, encoder), rows in table.groupby(["dataset", "classes", "encoder"], sort=False, dropna=False):
        name = data_label(dataset, classes) + (f", {encoder}" if several else "")
        accuracies = ", ".join(f"{label} {_range(rows[key], 1)}" for key, label in ACCURACIES.items())
        better = rows[[UNTRAINED, RAW_PIXELS]].max(axis=1, skipna=False)
        nothing = int((rows["cl"] <= better).sum())
        where = "" if len(rows) == 1 else f" in {nothing} of {len(rows)} settings"
        verdict = f" (nothing learned beyond them{where})" if nothing else ""
        moved = ", ".join(f"{label} {_range(rows[key], 3)}" for key, label in TRAINING.items())
        found.append(f"{name}: nearest class centre (%) {accuracies}{verdict}; of CL: {moved}")
    return [*found, *collapsed_sentences(table)]


def collapsed_sentences(table: pd.DataFrame) -> list[str]:
    """One for each setting of which a network collapsed."""
    rows = table[table[COLLAPSED].notna()].to_dict("records") if COLLAPSED in table else []
    settings = [row["setting"].partition(",seed=")[0].replace(",", ", ") for row in rows]
    return [
        f"Collapsed, and in no mean of that epoch: {setting}, {row[COLLAPSED]}"
        for setting, row in zip(settings, rows, strict=True)
    ]


def _range(values: Iterable[float], digits: int) -> str:
    known = pd.Series(values).dropna()
    if known.empty:
        return "not measured"
    low, high = f"{known.min():.{digits}f}", f"{known.max():.{digits}f}"
    return low if low == high else f"{low} to {high}"
