"""Figure 3: alignment of CL and NSCL against the number of classes, over epochs and over steps."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.reading import Reading
from pipeline.reporting.trends import trend

CAPTION = (
    "CKA of CL and NSCL against the number of classes, over epochs and over steps: with fewer classes an epoch has "
    "fewer images and so fewer steps."
)
EXPERIMENTS = ("classes",)
READS = ("bounds",)

BY = ("dataset", "classes", "epoch", "steps")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds on test images at every kept epoch; `trend` is that of CKA in C' at the last epoch."""
    rows = reading.read("bounds").query("split == 'test'")
    last = rows[rows["epoch"] == rows["epochs"]]
    trends = {dataset: trend(own, "classes", "cka") for dataset, own in last.groupby("dataset")}
    found = summarise(rows, BY, ("cka", "rsa"))
    return found.assign(trend=found["dataset"].map(trends))


def draw(table: pd.DataFrame) -> Figure:
    datasets = list(dict.fromkeys(table["dataset"]))
    figure, axes = style.panels(len(datasets), 2)
    for (left, right), dataset in zip(axes, datasets, strict=True):
        shown = table[(table["dataset"] == dataset) & (table["measure"] == "cka")]
        cells = shown.pivot(index="classes", columns="epoch", values="mean").sort_index(ascending=False)
        sns.heatmap(cells, ax=left, annot=True, fmt=".3f", cmap="viridis", vmax=1.0, cbar_kws={"label": "CKA"})
        left.set(title=f"{dataset}: CKA at equal epochs", xlabel="epoch", ylabel="classes C'")
        left.tick_params(axis="y", rotation=0)
        classes = sorted(set(shown["classes"]))
        for value, (colour, marker) in style.ordered(classes).items():
            own = shown[shown["classes"] == value].sort_values("steps")
            style.errorbars(right, own["steps"], own, colour, marker, f"C' = {value}")
        right.set_xscale("log")
        right.set(title=f"{dataset}: CKA at equal steps", xlabel="steps", ylabel="CKA of CL and NSCL")
        right.legend()
    return figure
