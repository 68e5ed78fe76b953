"""Figure 2: CKA and RSA with CL over the epochs, beside what two CL runs of different seeds have in common."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting.figures import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.reference import PAPER_CLASSES, paper_values

BY = ("dataset", "classes", "second", "split", "epoch")
CEILING = "cl, another seed"


def table(read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Rows of three kinds (`source`): twins of CL, CL of another seed (range of all pairs of seeds), and the paper."""
    twins = summarise(read("alignment").query("first == 'cl'"), BY, tuple(style.MEASURES)).assign(source="twins")
    rows = []
    for key, group in read("ceiling").groupby(["dataset", "classes", "split", "epoch"], sort=False):
        dataset, classes, split, epoch = key
        for measure in style.MEASURES:
            values = group[measure]
            middle = (values.mean(), values.min(), values.max())
            rows.append((dataset, classes, CEILING, split, epoch, measure, len(values), *middle, "ceiling"))
    ceiling = pd.DataFrame(rows, columns=twins.columns)
    full = {(dataset, classes) for dataset, classes in PAPER_CLASSES.items()}
    run = {key for key in zip(twins["dataset"], twins["classes"], strict=True) if key in full}
    published = paper_values("fig2").query("dataset in @shown", local_dict={"shown": [dataset for dataset, _ in run]})
    paper = pd.DataFrame(
        {
            "dataset": published["dataset"],
            "classes": published["dataset"].map(PAPER_CLASSES),
            "second": published["objective"],
            "split": published["split"],
            "epoch": published["epoch"].astype(int),
            "measure": published["measure"],
            "n_seeds": 1,
            "mean": published["value"],
            "source": "paper",
        }
    )
    return pd.concat([part for part in (twins, ceiling, paper) if len(part)], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(style.MEASURES))
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, style.MEASURES.items(), strict=True):
            _panel(panel, rows[rows["measure"] == measure])
            panel.set(title=title, ylabel=f"{label} with CL")
    style.legend(figure, axes[0][0], 4)
    return figure


def _panel(panel: Axes, rows: pd.DataFrame) -> None:
    for split, pattern in style.SPLIT_LINES.items():
        ceiling = rows[(rows["source"] == "ceiling") & (rows["split"] == split)].sort_values("epoch")
        if len(ceiling) and split == "test":
            x = ceiling["epoch"] + 1
            panel.fill_between(
                x,
                ceiling["ci_low"],
                ceiling["ci_high"],
                color="0.6",
                alpha=0.5,
                linewidth=0,
                label=f"CL–CL of another seed, {split}",
            )
        for objective in (name for name in style.COLOURS if name != "cl"):
            twins = rows[(rows["source"] == "twins") & (rows["split"] == split) & (rows["second"] == objective)]
            if len(twins):
                style.line(panel, twins, objective, pattern, f"CL–{objective.upper()}, {split}")
    for second, points in rows[rows["source"] == "paper"].groupby("second"):
        panel.scatter(
            points["epoch"] + 1,
            points["mean"],
            marker="x",
            color=style.COLOURS[str(second)],
            label=f"CL–{str(second).upper()}, paper",
        )
    style.epochs_axis(panel, rows.loc[rows["source"] != "paper", "epoch"])
    panel.set_ylim(min(0.0, rows["mean"].min()), 1.02)
