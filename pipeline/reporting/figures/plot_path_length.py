"""Similarity of CL and NSCL against the path length: aligned more, or only trained less?"""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise, summarise_long
from pipeline.reporting.measured_tables import Reading

CAPTION = (
    "CKA and RSA of CL and NSCL on test images at the end of every setting, against its path length (learning rate "
    "× trust coefficient, summed over steps). Grey crosses: CL and its own initialisation. Settings that end higher "
    "on the same path are aligned more; settings that end higher on a shorter one may only have trained less."
)
EXPERIMENTS = ("trajectory", "classes", "temperature", "batch", "duration")
READS = ("alignment", "movement")
TWINS = ("cl", "nscl")

# a setting's family is the first field in which it differs from most settings
FAMILIES = {
    "learning_rate_rule": "rate rule",
    "temperature": "temperature",
    "batch_size": "batch size",
    "classes": "classes",
    "epochs": "epochs",
}
USUAL = "usual setting"
START = "cl, own initialisation"
BY = ("dataset", "classes", "encoder", "family", *(name for name in FAMILIES if name != "classes"))


def table(reading: Reading) -> pd.DataFrame:
    """A row per setting, measure and `second`: NSCL with CL, or CL's own initialisation; `path_length` is CL's, mean
    over seeds."""
    movement = reading.read("movement").query("objective == 'cl' and epoch == epochs")
    alignment = reading.read("alignment").query(
        "first == 'cl' and second == 'nscl' and split == 'test' and epoch == epochs"
    )
    movement, alignment = _with_family(movement), _with_family(alignment)
    measures = tuple(style.MEASURES)
    paths = movement.groupby(list(BY), sort=False, dropna=False)["path_length"].mean().reset_index()
    twins = summarise_long(alignment, BY, measures).assign(second="nscl")
    start = summarise(movement, BY, measures).assign(second=START)
    return pd.concat([twins, start], ignore_index=True).merge(paths, on=list(BY))


def _with_family(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the family; a usual value is that of most settings of the dataset."""
    settings = rows.drop_duplicates(["dataset", *FAMILIES])
    usual = settings.groupby("dataset")[list(FAMILIES)].agg(_most_frequent)
    family = pd.Series(USUAL, index=rows.index)
    for name, label in reversed(FAMILIES.items()):
        expected = rows["dataset"].map(usual[name])
        family = family.mask((rows[name] != expected) & (rows[name].notna() | expected.notna()), label)
    return rows.assign(family=family)


def _most_frequent(values: "pd.Series[Any]") -> Any:
    return values.mode(dropna=False).iloc[0]


def draw(table: pd.DataFrame) -> Figure:
    """Draw a colour a family of settings."""
    figure, axes = panels.panels(1, len(style.MEASURES))
    twins, start = table[table["second"] != START], table[table["second"] == START]
    families = [name for name in (USUAL, *FAMILIES.values()) if name in set(table["family"])]
    for panel, (measure, label) in zip(axes[0], style.MEASURES.items(), strict=True):
        points = start[start["measure"] == measure]
        grey: dict[str, Any] = {"color": "0.6", "markersize": 4, "label": "CL–its own initialisation"}
        panel.plot(points["path_length"], points["mean"], "x", **grey)
        for family, look in style.ordered_styles(families).items():
            rows = twins[(twins["family"] == family) & (twins["measure"] == measure)]
            if len(rows):
                title = family if family == USUAL else f"other {family}"
                panels.errorbars(panel, rows["path_length"], rows, look, title, "none")
        panels.log_progress(panel, "path length")
        panel.set(ylabel=f"{label} of CL and NSCL", title=label)
    style.legend(figure, 4)
    return figure
