"""Effect of labels on CL's representation and weights, compared with chance."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import panels, style
from pipeline.reporting.across_seeds import DISATTENUATED, disattenuated_cka, seed_pairs
from pipeline.reporting.measured import summarise_long
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.tables import DATA
from pipeline.reporting.twin_names import (
    ANOTHER_SEED,
    CONTROLS,
    another_seed_rows,
    concat_filled,
    pairs_with_cl,
    without_partial_labels,
)

CAPTION = (
    "Does the effect of labels differ from chance? Similarity of each network to CL at the end, in representation (CKA "
    "on test images) and in weights (angle), with 95 % intervals over seeds. Controls are NSCL with shuffled labels, "
    "independent-data CL (same initialisation, independently drawn batches and augmentations), and CL with one weight "
    "moved by a millionth; CL of another seed, which shares nothing, with the range of all pairs. Hollow: "
    "disattenuated CKA, without what differs between two runs of one objective; it takes three seeds."
)
EXPERIMENTS = ("trajectory",)
READS = ("alignment", "weights", "between_seeds", "twins_between_seeds")
TWINS = ("cl",)

ANGLES = ("weight_angle", "representation_angle")
BY = ("dataset", "classes", "second")
BELOW = 0.3  # rows, from a network's CKA to its disattenuated CKA
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
    the mean and the range of all pairs of seeds, and have no weight angle. Disattenuated CKA has rows where enough
    seeds compare.
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
    pairs, twin_pairs = (
        reading.read(kind).query("split == 'test' and epoch == epochs")
        for kind in ("between_seeds", "twins_between_seeds")
    )
    parts.append(another_seed_rows(_with_angles(pairs), DATA, measures))
    across = without_partial_labels(seed_pairs(pairs, twin_pairs), "second")
    parts.append(_disattenuated_rows(across, alignment["seed"].unique().tolist()))
    summary = concat_filled(parts)
    return summary if "less" in summary else summary.assign(less=math.nan)


def _disattenuated_rows(pairs: pd.DataFrame, seeds: Sequence[int]) -> pd.DataFrame:
    """Disattenuated CKA of twins with CL, from pairs of different seeds."""
    rows = []
    for key, group in pairs.groupby(DATA, sort=False, dropna=False):
        for twin, value in disattenuated_cka(group, seeds).items():
            where = {**dict(zip(DATA, key, strict=True)), "second": twin, "measure": DISATTENUATED}
            rows.append({**where, "n_seeds": value.n, "mean": value.mean, "ci_low": value.low, "ci_high": value.high})
    return pd.DataFrame(rows)


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
        corrected = panel.data[panel.data["measure"] == DISATTENUATED]
        panel.axes.set(title=panel.title, xlabel=panel.label)
        if panel.key == "cka":
            _draw_hollow(panel.axes, corrected, order, twin_styles)
            panel.axes.set_xlim(right=max(1.0, 1.01 * corrected["ci_high"].max()))
        else:
            panel.axes.set_xlim(0, 1.05 * panel.axes.get_xlim()[1])
    return figure


def _draw_hollow(axes: Axes, rows: pd.DataFrame, order: Sequence[str], twin_styles: Mapping[str, style.Style]) -> None:
    """Draw hollow markers with intervals a little below the rows of the twins."""
    for row in rows.to_dict("records"):
        colour, marker = twin_styles[row["second"]]
        half = row["ci_high"] - row["mean"]
        place = order.index(row["second"]) + BELOW
        axes.errorbar(row["mean"], place, xerr=half, color=colour, fmt=marker, mfc="none", capsize=3, elinewidth=0.8)


def twin_order(names: "pd.Series[str]") -> list[str]:
    """Order of twins from top to bottom: those of IN_WORDS, then others."""
    twins = list(dict.fromkeys(names))
    return [*(name for name in IN_WORDS if name in twins), *(name for name in twins if name not in IN_WORDS)]


def twin_label(name: str) -> str:
    """Label of a twin's row."""
    return IN_WORDS.get(name, style.objective_label(name))
