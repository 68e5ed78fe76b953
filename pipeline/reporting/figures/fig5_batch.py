"""Figure 5: alignment of CL and NSCL against the batch size, under rules that scale the learning rate with it."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.reading import Reading

CAPTION = (
    "CKA of CL and NSCL against the batch size under rules that scale the learning rate with it: as published, where "
    "the square and the fourth root also start from smaller rates, and normalised to one rate at B = 256."
)
EXPERIMENTS = ("batch",)
READS = ("alignment",)

PANELS = {
    "as published": {"linear": "B", "sqrt_published": "square root", "fourth_root_published": "fourth root"},
    "same rate at B = 256": {
        "linear": "B",
        "sqrt": "square root",
        "fourth_root": "fourth root",
        "constant": "constant",
    },
}
REFERENCE_BATCH = 256  # where all rules of the second panel are one run


def table(reading: Reading) -> pd.DataFrame:
    """CKA and RSA at the last epoch on test images."""
    rows = reading.read("alignment").query("first == 'cl' and second == 'nscl' and split == 'test'")
    last = rows[rows["epoch"] == rows["epochs"]]
    return summarise_long(last, ("dataset", "classes", "learning_rate_rule", "batch_size"), tuple(style.MEASURES))


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(PANELS))
    looks = style.ordered(list(range(4)))
    for row, (title, rows) in zip(axes, groups, strict=True):
        cka = rows[rows["measure"] == "cka"]
        for panel, (how, rules) in zip(row, PANELS.items(), strict=True):
            for (colour, marker), (rule, label) in zip(looks.values(), rules.items(), strict=False):
                own = cka[cka["learning_rate_rule"] == rule]
                if not rule.endswith("_published") and rule != "linear":
                    agreed = cka[(cka["learning_rate_rule"] == "linear") & (cka["batch_size"] == REFERENCE_BATCH)]
                    own = pd.concat([own, agreed])
                own = own.sort_values("batch_size")
                style.errorbars(panel, own["batch_size"], own, colour, marker, f"rate ~ {label}")
            style.values_axis(panel, cka["batch_size"], "batch size B")
            panel.set(title=f"{title}: {how}", ylabel="CKA of CL and NSCL")
    style.legend(figure, axes[0][1], 4)
    return figure
