"""What must be shared: CL and NSCL that share some parts of their randomness and draw the others each for itself."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "CL and NSCL that share some of their randomness and draw the rest each for itself, at the last epoch. The grey "
    "band is what two CL runs of different seeds have in common."
)
EXPERIMENTS = ("randomness",)
READS = ("alignment", "weights", "between_seeds")
TWINS = ("cl", "nscl")

PARTS = ("initialisation", "batches", "augmentations")
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
    everything = pairs[pairs["shared"] == "+".join(PARTS)]
    rows = []
    for (dataset, classes), group in everything.groupby(["dataset", "classes"], sort=False, dropna=False):
        for measure in style.MEASURES:
            values = group.loc[group["measure"] == measure, "value"]
            middle = (len(values), values.mean(), values.min(), values.max())
            rows.append((dataset, classes, BETWEEN_SEEDS, measure, *middle))
    parts.append(pd.DataFrame(rows, columns=parts[0].columns))
    found = pd.concat(parts, ignore_index=True)
    return found.assign(shared=found["shared"].replace("", "nothing"))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(LABELS))
    for row, (title, rows) in zip(axes, groups, strict=True):
        twins = rows[rows["shared"] != BETWEEN_SEEDS]
        order = sorted(set(twins["shared"]), key=lambda text: (text == "nothing", -text.count("+"), text))
        names = [_in_words(text) for text in order]
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            shown = twins[twins["measure"] == measure].set_index("shared").loc[order]
            reach = style.spread(shown)
            panel.errorbar(shown["mean"], range(len(order)), xerr=reach, fmt="o", color="#0072B2", capsize=3)
            band = rows[(rows["shared"] == BETWEEN_SEEDS) & (rows["measure"] == measure)]
            for low, high in zip(band["ci_low"], band["ci_high"], strict=True):
                panel.axvspan(low, high, color="0.6", alpha=0.5, linewidth=0)
            panel.set_yticks(range(len(order)), names if panel is row[0] else [""] * len(order))
            panel.invert_yaxis()
            panel.set(title=title, xlabel=f"{label}, CL–NSCL")
        row[0].set_ylabel("shared")
    return figure


def _in_words(shared: str) -> str:
    missing = [part for part in PARTS if part not in shared]
    if shared == "nothing" or len(missing) == 2:
        return shared
    return f"all but {missing[0]}" if missing else "everything"
