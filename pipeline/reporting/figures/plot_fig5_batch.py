"""Figure 5: alignment of CL and NSCL against the batch size, under rules that scale the learning rate with it."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import PAPER, concat_filled, published_rows

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
    """CKA and RSA at the last epoch on test images, and the paper's values (`source`) of its datasets."""
    rows = reading.read("alignment").query("first == 'cl' and second == 'nscl' and split == 'test'")
    last = rows[rows["epoch"] == rows["epochs"]]
    by = ("dataset", "classes", "learning_rate_rule", "batch_size")
    parts = [summarise_long(last, by, tuple(style.MEASURES)).assign(source="twins")]
    for rule, batch in sorted(set(zip(rows["learning_rate_rule"], rows["batch_size"], strict=True))):
        if rule in PANELS["as published"]:
            of_paper = published_rows(reading, f"fig5_{rule.removesuffix('_published')}_B{int(batch)}", rows)
            parts.append(of_paper.drop(columns=["second", "split"]).assign(learning_rate_rule=rule, batch_size=batch))
    return concat_filled(parts)


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel for the published rules and one for the normalised rules."""
    figure, rows_of_panels = panels.data_rows(table, len(PANELS))
    for row, title, data in rows_of_panels:
        rows = data[data["measure"] == "cka"].sort_values("batch_size")
        cka, printed = rows[rows["source"] != PAPER], rows[rows["source"] == PAPER]
        for panel, (heading, rules) in zip(row, PANELS.items(), strict=True):
            for look, (rule, label) in zip(style.ordered_styles(range(4)).values(), rules.items(), strict=False):
                of_rule = _with_shared_run(cka, rule)
                if of_rule.empty:
                    continue
                panels.errorbars(panel, of_rule["batch_size"], of_rule, look, f"rate ~ {label}")
                if panel is row[0]:
                    points = printed[printed["learning_rate_rule"] == rule]
                    panels.crosses(panel, points["batch_size"], points, look[0], f"rate ~ {label}")
            panels.values_axis(panel, cka["batch_size"], "batch size B")
            panel.set(title=f"{title}\n{heading}", ylabel="CKA of CL and NSCL")
    style.legend(figure, 4)
    return figure


def _with_shared_run(cka: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Rows of a rule; normalised rules share the linear rule's run at the reference batch size."""
    rows = cka[cka["learning_rate_rule"] == rule]
    if rows.empty or rule.endswith("_published") or rule == "linear":
        return rows
    shared = cka[(cka["learning_rate_rule"] == "linear") & (cka["batch_size"] == REFERENCE_BATCH)]
    return pd.concat([rows, shared]).sort_values("batch_size")
