"""Facts about a figure's runs, printed under it: accuracies, movement, collapsed networks."""

from collections.abc import Collection, Mapping

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.collapsed_rows import collapsed_networks, collapsed_text
from pipeline.reporting.learned import RAW_PIXELS, TRAINING, UNTRAINED
from pipeline.reporting.tables import COLLAPSED, data_label, measured_settings

ACCURACIES = {"cl": "CL", UNTRAINED: "untrained", RAW_PIXELS: "raw pixels"}  # of the nearest class centre, percent


def run_facts(
    probes: Mapping[Run, pd.DataFrame],
    baselines: Mapping[str, pd.DataFrame],
    movement: Mapping[Run, pd.DataFrame],
    objectives: Collection[str],
) -> pd.DataFrame:
    """Means over seeds of accuracies and training, one row a setting.

    Args:
        probes: by run, see Table 1.
        baselines: by subset, see Table 1.
        movement: by run, see Table 1.
        objectives: those in the figure.

    Returns:
        Columns dataset, classes, encoder, setting, ACCURACIES, and TRAINING of CL at the last epoch; NA where one was
        not measured. A column `collapsed` names seeds and epochs where one of the objectives collapsed.
    """
    rows = []
    for group in measured_settings(probes, {}):
        setting, subsets = group.setting, dict.fromkeys(run.subset for run in group.runs)
        measured = pd.concat([group.rows, *(baselines[subset] for subset in subsets)]).query("probe == 'nccc'")
        accuracies = measured.groupby("objective")["accuracy"].mean().reindex(list(ACCURACIES))
        moved = pd.concat([movement[run] for run in group.runs])
        moved = moved[(moved["objective"] == "cl") & (moved["epoch"] == setting.epochs)]
        row = {"dataset": setting.dataset, "classes": setting.classes, "encoder": setting.encoder}
        row |= {"setting": setting.name, **accuracies, **moved[list(TRAINING)].mean()}
        collapsed = _collapsed({run: movement[run] for run in group.runs}, objectives)
        rows.append({**row, COLLAPSED: collapsed} if collapsed else row)
    return pd.DataFrame(rows).astype({"classes": "Int64"})


def _collapsed(movement: Mapping[Run, pd.DataFrame], objectives: Collection[str]) -> str:
    epochs = {run: collapsed_networks(rows[rows["objective"].isin(objectives)]) for run, rows in movement.items()}
    return "; ".join(f"seed {run.seed}: {collapsed_text(of_run)}" for run, of_run in epochs.items() if of_run)


def sentences(table: pd.DataFrame) -> list[str]:
    """Sentences for each dataset, number of classes and encoder, with the range over settings; and what collapsed."""
    several = table["encoder"].nunique() > 1
    texts = []
    for (dataset, classes, encoder), rows in table.groupby(["dataset", "classes", "encoder"], sort=False, dropna=False):
        name = data_label(dataset, classes) + (f", {encoder}" if several else "")
        accuracies = ", ".join(f"{label} {_range(rows[key], 1)}" for key, label in ACCURACIES.items())
        unlearned = int((rows["cl"] <= rows[[UNTRAINED, RAW_PIXELS]].max(axis=1, skipna=False)).sum())
        where = "" if len(rows) == 1 else f" in {unlearned} of {len(rows)} settings"
        verdict = f" (nothing learned beyond them{where})" if unlearned else ""
        moved = ", ".join(f"{label} {_range(rows[key], 3)}" for key, label in TRAINING.items())
        texts.append(f"{name}: nearest class centre (%) {accuracies}{verdict}; of CL: {moved}")
    return [*texts, *collapsed_sentences(table)]


def collapsed_sentences(table: pd.DataFrame) -> list[str]:
    """One sentence for each setting in which a network collapsed."""
    rows = table[table[COLLAPSED].notna()].to_dict("records") if COLLAPSED in table else []
    settings = [row["setting"].partition(",seed=")[0].replace(",", ", ") for row in rows]
    return [
        f"Collapsed, and in no mean of that epoch: {setting}, {row[COLLAPSED]}"
        for setting, row in zip(settings, rows, strict=True)
    ]


def _range(values: "pd.Series[float]", digits: int) -> str:
    if values.isna().all():
        return "not measured"
    low, high = f"{values.min():.{digits}f}", f"{values.max():.{digits}f}"
    return low if low == high else f"{low} to {high}"
