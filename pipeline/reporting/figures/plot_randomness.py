"""Shared randomness: CL and NSCL that share some parts of it and draw the others independently."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.config.training_settings import SHARED
from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "CL and NSCL that share some of their randomness and draw the rest independently, at the last epoch. Grey "
    "band: similarity of two CL runs with different seeds (range)."
)
EXPERIMENTS = ("randomness",)
READS = ("alignment", "weights", "between_seeds")
TWINS = ("cl", "nscl")

LABELS = {**style.MEASURES, "weight_gap": "weight gap"}
BETWEEN_SEEDS = "another seed"
BY = ("dataset", "classes", "shared")


def table(reading: Reading) -> pd.DataFrame:
    """At the last epoch, on test images; `shared` lists the shared parts, or is `nothing`, or `another seed` for the
    range of CL runs of different seeds."""
    pair = "first == 'cl' and second == 'nscl' and epoch == epochs"
    alignment = reading.read("alignment").query(f"{pair} and split == 'test'")
    parts = [
        summarise_long(alignment, BY, tuple(style.MEASURES)),
        summarise(reading.read("weights").query(pair), BY, ("weight_gap",)),
    ]
    pairs = reading.read("between_seeds").query("epoch == epochs and split == 'test'")
    everything = pairs[pairs["shared"] == "+".join(SHARED)]
    rows = []
    for (dataset, classes), group in everything.groupby(["dataset", "classes"], sort=False, dropna=False):
        for measure in style.MEASURES:
            values = group.loc[group["measure"] == measure, "value"]
            middle = (len(values), values.mean(), values.min(), values.max())
            rows.append((dataset, classes, BETWEEN_SEEDS, measure, *middle))
    parts.append(pd.DataFrame(rows, columns=parts[0].columns))
    summary = pd.concat(parts, ignore_index=True)
    return summary.assign(shared=summary["shared"].replace("", "nothing"))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a row for each set of shared parts, with the range of other seeds as a band."""
    twins = table[table["shared"] != BETWEEN_SEEDS]
    figure, grid = panels.measure_grid(table, LABELS)
    for panel in grid:
        shared = set(panel.data.loc[panel.data["shared"].isin(twins["shared"]), "shared"])
        order = sorted(shared, key=lambda text: (text == "nothing", -text.count("+"), text))
        first = panel.key == next(iter(LABELS))
        points = {name: [(panel.rows[panel.rows["shared"] == name], ("#0072B2", "o"))] for name in order}
        panels.horizontal_bars(panel.axes, order, [_in_words(text) if first else "" for text in order], points)
        band = panel.rows[panel.rows["shared"] == BETWEEN_SEEDS]
        for low, high in zip(band["ci_low"], band["ci_high"], strict=True):
            panel.axes.axvspan(low, high, color="0.6", alpha=0.5, linewidth=0)
        panel.axes.set(title=panel.title, xlabel=f"{panel.label}, CL–NSCL", ylabel="shared" if first else "")
    return figure


def _in_words(shared: str) -> str:
    missing = [part for part in SHARED if part not in shared]
    if shared == "nothing" or len(missing) == 2:
        return shared
    return f"all but {missing[0]}" if missing else "everything"
