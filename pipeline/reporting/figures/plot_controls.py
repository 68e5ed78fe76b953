"""Effect of labels on CL's representation and weights, compared with chance."""

import math

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.twin_names import ANOTHER_SEED, CONTROLS, another_seed_rows, concat_filled, pairs_with_cl

CAPTION = (
    "Does the effect of labels differ from chance? Similarity of each network to CL at the end, in representation (CKA "
    "on test images) and in weights (angle), with 95 % intervals over seeds. Controls are NSCL with shuffled labels, "
    "independent-data CL (same initialisation, independently drawn batches and augmentations), and CL with one weight "
    "moved by a millionth; CL of another seed, which shares nothing, with the range of all pairs."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "weights", "between_seeds")
TWINS = ("cl",)

ANGLES = ("weight_angle", "representation_angle")
BY = ("dataset", "classes", "second")
LABELS = {"cka": "CKA with CL (1: equal)", "weight_angle": "angle with CL's weights (°)"}
IN_WORDS = {  # twins, from the effect of labels to that of chance
    "nscl": "NSCL",
    "nscl_shuffled": "NSCL, labels shuffled",
    "cl_independent": "CL, independent data",
    "cl_perturbed": "CL, one weight moved",
    ANOTHER_SEED: "CL, another seed",
}


def table(reading: Reading) -> pd.DataFrame:
    """At the last epoch, on test images: CKA, RSA, and angles in degrees of each twin and CL, means over seeds.

    Where `less` names a control, the row is NSCL minus that control, paired by seed. The rows of CL of another seed are
    the mean and the range of all pairs of seeds, and have no weight angle.
    """
    alignment = pairs_with_cl(reading.read("alignment").query("split == 'test' and epoch == epochs"))
    angles = pairs_with_cl(reading.read("weights").query("epoch == epochs"))
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
    parts.append(another_seed_rows(_with_angles(pairs), ("dataset", "classes"), measures))
    summary = concat_filled(parts)
    return summary if "less" in summary else summary.assign(less=math.nan)


def _with_angles(pairs: pd.DataFrame) -> pd.DataFrame:
    cka = pairs[pairs["measure"] == "cka"]
    angles = cka["value"].clip(-1, 1).map(math.acos).map(math.degrees)
    return pd.concat([pairs, cka.assign(measure="representation_angle", value=angles)])


def draw(table: pd.DataFrame) -> Figure:
    """Draw a row a network, from the effect of labels to that of chance."""
    plain = table[table["less"].isna()]
    figure, grid = panels.measure_grid(plain, LABELS)
    order = twin_order(plain["second"])
    twin_styles = {**style.styles(name for name in order if name != ANOTHER_SEED), ANOTHER_SEED: ("0.4", "|")}
    for panel in grid:
        names = [twin_label(name) if panel.key == "cka" else "" for name in order]
        points = {name: [(panel.rows[panel.rows["second"] == name], twin_styles[name])] for name in order}
        panels.horizontal_bars(panel.axes, order, names, points)
        panel.axes.set(title=panel.title, xlabel=panel.label)
        if panel.key == "cka":
            panel.axes.set_xlim(right=1)
        else:
            panel.axes.set_xlim(0, 1.05 * panel.axes.get_xlim()[1])
    return figure


def twin_order(names: "pd.Series[str]") -> list[str]:
    """Order of twins from top to bottom: those of IN_WORDS, then others."""
    twins = list(dict.fromkeys(names))
    return [*(name for name in IN_WORDS if name in twins), *(name for name in twins if name not in IN_WORDS)]


def twin_label(name: str) -> str:
    """Label of a twin's row."""
    return IN_WORDS.get(name, style.objective_label(name))
