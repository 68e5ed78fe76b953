"""Figure 3: alignment of CL and NSCL against the number of classes, at equal epochs and at equal steps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.trends import at_epochs_of_most_classes, at_steps_of_most_classes, trend
from pipeline.reporting.twin_names import PAPER, concat_filled, published_rows

CAPTION = (
    "CKA of CL and NSCL against the number of classes: left at equal epochs, where fewer classes have fewer images and "
    "so fewer steps; right at equal steps on the same schedule. In brackets the paper's, with its epoch."
)
EXPERIMENTS = ("classes",)
READS = ("bounds",)
TWINS = ("cl", "nscl")

BY = ("dataset", "classes", "epochs", "epoch")
MAX_NUMBERED = 9  # columns of a heat map whose cells have room for a number
EPOCHS, STEPS = "epochs", "steps"  # in the column `matched`


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds on test images at every kept epoch, and the paper's values (`source`).

    `matched` = epochs has runs with the same number of epochs as the one with most classes, steps those with the same
    number of steps. `steps` is the median over seeds, whose classes may have more or fewer images; `trend` is that of
    CKA in C' at the last epoch.
    """
    rows = reading.read("bounds").query("split == 'test'").dropna(subset="cka")
    parts = []
    for _, runs in rows.groupby("dataset", sort=False):
        for matched, chosen in _matched(runs):
            steps = chosen.groupby(list(BY))["steps"].median().reset_index()
            summary = summarise(chosen, BY, ("cka", "rsa")).merge(steps, on=list(BY))
            last = chosen[chosen["epoch"] == chosen["epochs"]]
            parts.append(summary.assign(matched=matched, trend=trend(last, "classes", "cka"), source="twins"))
        for classes in sorted(set(runs["classes"])):
            of_paper = published_rows(reading, f"fig3_C{int(classes)}", runs, parts=True)
            parts.append(of_paper.assign(classes=classes).drop(columns=["split", "second"]))
    return concat_filled(parts)


def _matched(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    ends, run = rows[rows["epoch"] == rows["epochs"]], ["classes", "epochs", "seed"]
    for matched, select in ((EPOCHS, at_epochs_of_most_classes), (STEPS, at_steps_of_most_classes)):
        yield matched, rows.merge(select(ends)[run], on=run)


def draw(table: pd.DataFrame) -> Figure:
    """Draw a heat map at equal epochs and lines at equal steps."""
    datasets = sorted(set(table["dataset"]))
    figure, axes = panels.panels(len(datasets), 2)
    for (left, right), dataset in zip(axes, datasets, strict=True):
        cka = table[(table["dataset"] == dataset) & (table["measure"] == "cka")]
        printed = cka[cka["source"] == PAPER].set_index("classes")
        _heat_map(left, cka[cka["matched"] == EPOCHS], printed)
        left.set(title=f"{dataset}\nCKA at equal epochs", xlabel="epoch", ylabel="classes C'")
        by_steps = cka[cka["matched"] == STEPS]
        for value, look in style.ordered_styles(sorted(set(by_steps["classes"]))).items():
            rows = by_steps[by_steps["classes"] == value].sort_values("steps")
            panels.errorbars(right, rows["steps"], rows, look, f"C' = {int(value)}")
        panels.log_progress(right, "steps")
        right.set(title=f"{dataset}\nCKA at equal steps", ylabel="CKA of CL and NSCL")
    style.legend(figure, 6)
    return figure


def _heat_map(panel: Axes, rows: pd.DataFrame, printed: pd.DataFrame) -> None:
    cells = rows.assign(epoch=rows["epoch"].astype(int)).pivot(index="classes", columns="epoch", values="mean")
    cells = cells.sort_index(ascending=False)
    room = len(cells.columns) <= MAX_NUMBERED
    most = max(1.0, float(np.nanmax(cells.to_numpy())))  # not every number of classes has every epoch
    sns.heatmap(cells, ax=panel, annot=room, fmt=".2f", cmap="viridis", vmax=most, cbar=not room)
    panel.set_yticklabels([_row_label(classes, printed) for classes in cells.index], rotation=0)


def _row_label(classes: Any, printed: pd.DataFrame) -> str:
    if classes not in printed.index:
        return str(int(classes))
    return f"{int(classes)}\n({printed.loc[classes, 'mean']:.2f} at {int(printed.loc[classes, 'epoch'])})"
