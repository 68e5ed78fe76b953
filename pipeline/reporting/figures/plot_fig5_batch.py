"""Figure 5: alignment of CL and NSCL against the batch size, under rules that scale the learning rate with it."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import PAPER, published

CAPTION = (
    "CKA of CL and NSCL against the batch size under rules that scale the learning rate with it: as published, where "
    "the square and the fourth root also start from smaller rates, and normalised to one rate at B = 256. Crosses are "
    "the paper's, of training images."
)
EXPERIMENTS = ("batch",)
READS = ("alignment",)
TWINS = ("cl", "nscl")

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
    """CKA and RSA at the last epoch on test images, and the paper's values (`source`) where the dataset is its own."""
    rows = reading.read("alignment").query("first == 'cl' and second == 'nscl' and split == 'test'")
    last = rows[rows["epoch"] == rows["epochs"]]
    by = ("dataset", "classes", "learning_rate_rule", "batch_size")
    parts = [summarise_long(last, by, tuple(style.MEASURES)).assign(source="twins")]
    for rule, batch in sorted(set(zip(rows["learning_rate_rule"], rows["batch_size"], strict=True))):
        if rule in PANELS["as published"]:
            of_paper = published(reading, f"fig5_{rule.removesuffix('_published')}_B{int(batch)}", rows)
            parts.append(of_paper.drop(columns=["second", "split"]).assign(learning_rate_rule=rule, batch_size=batch))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    groups = style.groups(table)
    figure, axes = style.panels(len(groups), len(PANELS))
    looks = style.ordered(list(range(4)))
    for row, (title, rows) in zip(axes, groups, strict=True):
        every = rows[rows["measure"] == "cka"].sort_values("batch_size")
        cka, printed = every[every["source"] != PAPER], every[every["source"] == PAPER]
        for panel, (how, rules) in zip(row, PANELS.items(), strict=True):
            for (colour, marker), (rule, label) in zip(looks.values(), rules.items(), strict=False):
                own = cka[cka["learning_rate_rule"] == rule]
                if own.empty:
                    continue
                if not rule.endswith("_published") and rule != "linear":
                    agreed = cka[(cka["learning_rate_rule"] == "linear") & (cka["batch_size"] == REFERENCE_BATCH)]
                    own = pd.concat([own, agreed]).sort_values("batch_size")
                style.errorbars(panel, own["batch_size"], own, colour, marker, f"rate ~ {label}")
                if panel is row[0]:
                    of_paper = printed[printed["learning_rate_rule"] == rule]
                    style.crosses(panel, of_paper["batch_size"], of_paper, colour, f"rate ~ {label}")
            style.values_axis(panel, cka["batch_size"], "batch size B")
            panel.set(title=f"{title}\n{how}", ylabel="CKA of CL and NSCL")
    style.legend(figure, 4)
    return figure
