"""Similarity of CL and other twins without what differs between runs of one objective."""

from collections.abc import Sequence

import pandas as pd

from pipeline.reporting.seed_intervals import Interval, over_seeds, pseudo_values
from twin_alignment.measures.disattenuation import MIN_SEEDS, disattenuated

DISATTENUATED = "cka_disattenuated"  # in the column `measure`
LABEL = "CKA, disattenuated"
EXPLANATION = (
    "CKA, disattenuated: CKA of CL and the twin of another seed, divided by the geometric mean of two others: CL and "
    "CL of another seed, the twin and itself of another seed. Intervals by the jackknife over seeds. It can exceed 1."
)


def seed_pairs(cl: pd.DataFrame, twins: pd.DataFrame) -> pd.DataFrame:
    """Join the rows of `between_seeds.csv`, which are of CL, and `twins_between_seeds.csv`."""
    return pd.concat([cl.assign(first="cl", second="cl"), twins], ignore_index=True)


def disattenuated_cka(pairs: pd.DataFrame, seeds: Sequence[int]) -> dict[str, Interval]:
    """Disattenuated CKA of CL and every twin.

    Args:
        pairs: columns first_seed, second_seed, first, second, measure, value; of one setting, split and epoch. Rows
            are of CL and a twin of another seed, and of networks of one objective.
        seeds: to take.

    Returns:
        By twin, the value of all seeds and the jackknife's 95 % interval around it. Twins with fewer than MIN_SEEDS
        seeds that have not collapsed are left out.
    """
    cka = pairs[pairs["measure"] == "cka"].dropna(subset="value")
    within = {str(name): rows for name, rows in cka[cka["first"] == cka["second"]].groupby("first", sort=False)}
    intervals = {}
    for twin in [name for name in within if name != "cl" and "cl" in within]:
        cross = cka[(cka["first"] == "cl") & (cka["second"] == twin)]
        usable = [seed for seed in seeds if _has(within["cl"], seed) and _has(within[twin], seed)]
        if len(usable) >= MIN_SEEDS:
            intervals[twin] = _interval((cross, within["cl"], within[twin]), usable)
    return intervals


def _interval(sides: Sequence[pd.DataFrame], seeds: Sequence[int]) -> Interval:
    def value(chosen: Sequence[int]) -> float:
        cross, first, second = (_among(rows, chosen) for rows in sides)
        return disattenuated(cross, first, second)

    mean, jackknife = value(seeds), over_seeds(pseudo_values(seeds, value))
    half = (jackknife.high - jackknife.low) / 2
    return Interval(mean, mean - half, mean + half, len(seeds))


def _has(rows: pd.DataFrame, seed: int) -> bool:
    return bool((rows[["first_seed", "second_seed"]] == seed).any(axis=None))


def _among(rows: pd.DataFrame, seeds: Sequence[int]) -> list[float]:
    chosen = rows["first_seed"].isin(seeds) & rows["second_seed"].isin(seeds)
    values: list[float] = rows.loc[chosen, "value"].tolist()
    return values
