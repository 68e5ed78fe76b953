"""What labels do to CL's representation and weights, beside what chance does."""

import math

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.reading import Reading
from pipeline.reporting.twins import ANOTHER_SEED, CONTROLS, of_another_seed, with_cl

CAPTION = (
    "Does what labels do differ from what chance does? How far each twin ends from CL in weights and in representation "
    "(angle whose cosine is the CKA on test images), with 95 % intervals over seeds. Controls: NSCL with shuffled "
    "labels learns nothing from labels, the replica is CL on batches and views of its own, nudged is CL with one "
    "weight moved by a millionth. Dotted: CL of another seed, which shares nothing."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "weights", "between_seeds")
TWINS = ("cl",)

ANGLES = ("weight_angle", "representation_angle")
BY = ("dataset", "classes", "second")


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
    figure, axes = style.row_of_panels(len(groups))
    twins = [name for name in dict.fromkeys(plain["second"]) if name != ANOTHER_SEED]
    for panel, (title, rows) in zip(axes, groups, strict=True):
        weights, representations = (rows[rows["measure"] == name] for name in ANGLES)
        for name, (colour, marker) in style.looks(twins).items():
            x, y = weights[weights["second"] == name], representations[representations["second"] == name]
            across, up = map(style.spread, (x, y))
            label = f"CL–{style.name_of(name)}"
            panel.errorbar(
                x["mean"], y["mean"], up, across, color=colour, marker=marker, ls="none", capsize=2, label=label
            )
        for middle in representations.loc[representations["second"] == ANOTHER_SEED, "mean"]:
            panel.axhline(middle, color="0.4", linestyle=":", label="CL–CL of another seed")
        panel.set(title=title, xlabel="weight angle (°)", ylabel="representation angle (°)")
        panel.set_xlim(left=0)
        panel.set_ylim(bottom=0)
    style.legend(figure, 4)
    return figure
