"""Figure 2: CKA and RSA with CL over the epochs, beside what two CL runs of different seeds have in common."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.reading import Reading

CAPTION = (
    "CKA and RSA of each supervised twin with CL over training. The grey band is the range of CKA and RSA between CL "
    "runs that differ only in their seed."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "between_seeds")

BY = ("dataset", "classes", "second", "split", "epoch")
ANOTHER_SEED = "cl, another seed"
TWINS, BETWEEN_SEEDS, PAPER = "twins", "ceiling", "paper"  # in the column `source`


def table(reading: Reading) -> pd.DataFrame:
    """Rows of three kinds (`source`): twins of CL, CL of another seed (range of all pairs of seeds), and the paper."""
    twins = summarise_long(reading.read("alignment").query("first == 'cl'"), BY, tuple(style.MEASURES))
    twins = twins.assign(source=TWINS)
    rows = []
    for key, group in reading.read("between_seeds").groupby(["dataset", "classes", "split", "epoch"], sort=False):
        dataset, classes, split, epoch = key
        for measure in style.MEASURES:
            values = group.loc[group["measure"] == measure, "value"]
            middle = (values.mean(), values.min(), values.max())
            rows.append((dataset, classes, ANOTHER_SEED, split, epoch, measure, len(values), *middle, BETWEEN_SEEDS))
    between_seeds = pd.DataFrame(rows, columns=twins.columns)
    classes_of = reading.published_classes
    whole = {d for d, c in zip(twins["dataset"], twins["classes"], strict=True) if classes_of.get(d) == c}
    published = reading.paper("fig2")
    published = published[published["dataset"].isin(whole)]
    paper = pd.DataFrame(
        {
            "dataset": published["dataset"],
            "classes": published["dataset"].map(classes_of),
            "second": published["objective"],
            "split": published["split"],
            "epoch": published["epoch"].astype(int),
            "measure": published["measure"],
            "n_seeds": 1,
            "mean": published["value"],
            "source": PAPER,
        }
    )
    return pd.concat([part for part in (twins, between_seeds, paper) if len(part)], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(style.MEASURES))
    looks = style.looks(table.loc[table["source"] != BETWEEN_SEEDS, "second"])
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, style.MEASURES.items(), strict=True):
            _panel(panel, rows[rows["measure"] == measure], looks)
            panel.set(title=title, ylabel=f"{label} with CL")
    style.legend(figure, axes[0][0], 4)
    return figure


def _panel(panel: Axes, rows: pd.DataFrame, looks: Mapping[str, style.Look]) -> None:
    for split, dashes in style.SPLIT_LINES.items():
        own = rows[rows["split"] == split]
        band = own[own["source"] == BETWEEN_SEEDS].sort_values("epoch")
        if len(band) and split == "test":
            panel.fill_between(
                band["epoch"] + 1,
                band["ci_low"],
                band["ci_high"],
                color="0.6",
                alpha=0.5,
                linewidth=0,
                label=f"CL–CL of another seed, {split}",
            )
        for objective, twins in own[own["source"] == TWINS].groupby("second", sort=False):
            style.line(panel, twins, looks[str(objective)], f"CL–{str(objective).upper()}, {split}", dashes)
    for objective, points in rows[rows["source"] == PAPER].groupby("second"):
        name = str(objective)
        panel.scatter(
            points["epoch"] + 1, points["mean"], marker="x", color=looks[name][0], label=f"CL–{name.upper()}, paper"
        )
    style.epochs_axis(panel, rows.loc[rows["source"] != PAPER, "epoch"])
    panel.set_ylim(min(0.0, rows["mean"].min()), 1.02)
