"""What labels do to CL's representation and weights, beside what chance does."""

import math

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import ANOTHER_SEED, CONTROLS, of_another_seed, with_cl

CAPTION = (
    "Does what labels do differ from what chance does? How alike each network is to CL at the end, in representation "
    "(CKA on test images) and in weights (angle), with 95 % intervals over seeds. Controls are NSCL whose labels are "
    "shuffled, CL on batches and views of its own, and CL with one weight moved by a millionth; CL of another seed, "
    "which shares nothing, with the range of all pairs."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "weights", "between_seeds")
TWINS = ("cl",)

ANGLES = ("weight_angle", "representation_angle")
BY = ("dataset", "classes", "second")
LABELS = {"cka": "CKA with CL (1: alike)", "weight_angle": "angle with CL's weights (°)"}  # of what is drawn
IN_WORDS = {  # of twins, from what labels do to what chance does
    "nscl": "NSCL",
    "nscl_shuffled": "NSCL, labels shuffled",
    "cl_independent": "CL, own batches and views",
    "cl_perturbed": "CL, one weight moved",
    ANOTHER_SEED: "CL, another seed",
}


def table(reading: Reading) -> pd.DataFrame:
    """At the last epoch, on test images: CKA, RSA, and angles in degrees of each twin and CL, means over seeds.

    Where `less` names a control the row is NSCL less that control, paired by seed. The rows of CL of another seed are
    the mean and the range of all pairs of seeds, and have no weight angle.
    """
    alignment = with_cl(reading.read("alignment").query("split == 'test' and epoch == epochs"))
    angles = with_cl(reading.read("weights").query("epoch == epochs"))
    measures = (*style.MEASURES, *ANGLES)
    keys = ["dataset", "classes", "second", "seed"]
    long = pd.concat(
        [
            alignment.loc[alignment["measure"].isin(measures), [*keys, "measure", "value"]],
            angles[[*keys, *ANGLES]].melt(keys, var_name="measure"),
        ]
    )
    parts = [summarise_long(long, BY, measures)]
    for control in CONTROLS:
        of_nscl, of_control = (long[long["second"] == name] for name in ("nscl", control))
        pairs = of_nscl.merge(of_control, on=["dataset", "classes", "seed", "measure"], suffixes=("_nscl", ""))
        pairs = pairs.assign(value=pairs["value_nscl"] - pairs["value"], second="nscl")
        parts.append(summarise_long(pairs, BY, measures).assign(less=control) if len(pairs) else pd.DataFrame())
    pairs = reading.read("between_seeds").query("split == 'test' and epoch == epochs")
    parts.append(of_another_seed(_with_angles(pairs), ("dataset", "classes"), measures))
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return found if "less" in found else found.assign(less=math.nan)


def _with_angles(pairs: pd.DataFrame) -> pd.DataFrame:
    cka = pairs[pairs["measure"] == "cka"]
    angles = cka["value"].clip(-1, 1).map(math.acos).map(math.degrees)
    return pd.concat([pairs, cka.assign(measure="representation_angle", value=angles)])


def draw(table: pd.DataFrame) -> Figure:
    plain = table[table["less"].isna()]
    groups = style.groups(plain)
    figure, axes = style.panels(len(groups), len(LABELS))
    twins = list(dict.fromkeys(plain["second"]))
    order = [*(name for name in IN_WORDS if name in twins), *(name for name in twins if name not in IN_WORDS)]
    names = [IN_WORDS.get(name, style.name_of(name)) for name in order]
    looks = {**style.looks(name for name in order if name != ANOTHER_SEED), ANOTHER_SEED: ("0.4", "|")}
    for row, (title, rows) in zip(axes, groups, strict=True):
        for panel, (measure, label) in zip(row, LABELS.items(), strict=True):
            shown = rows[rows["measure"] == measure]
            for place, name in enumerate(order):
                own, (colour, marker) = shown[shown["second"] == name], looks[name]
                reach = style.spread(own)
                panel.errorbar(own["mean"], [place] * len(own), xerr=reach, color=colour, fmt=marker, capsize=3)
            panel.set_yticks(range(len(order)), names if panel is row[0] else [""] * len(order))
            panel.set(title=title, xlabel=label, ylim=(len(order) - 0.5, -0.5))
        likeness, angles = row
        likeness.set_xlim(right=1)
        angles.set_xlim(0, 1.05 * angles.get_xlim()[1])
    return figure
