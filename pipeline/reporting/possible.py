"""Intervals as they are shown: within what a value can be.

Student's t knows of no limit: near one, a few seeds have an interval that passes it, as [0.97, 1.03] of a CKA. The CSV
files have intervals as computed. In figures and in tables for readers they end at the limit, and a sentence says so.
"""

import math
from collections.abc import Mapping

import pandas as pd

LIMITS: Mapping[str, tuple[float, float]] = {  # of a measure
    **dict.fromkeys(("cka", "cka_raw"), (0.0, 1.0)),
    **dict.fromkeys(("rsa", "cka_debiased", "cosine"), (-1.0, 1.0)),
    "accuracy": (0.0, 100.0),
    "representation_angle": (0.0, 90.0),
    "weight_angle": (0.0, 180.0),
    **dict.fromkeys(("weight_gap", "weight_gap_released"), (0.0, 2.0)),
    **dict.fromkeys(("cdnv", "directional_cdnv"), (0.0, math.inf)),
}
ROUNDING = 1e-6  # by which an end may pass its limit without a word
CUT = "Intervals end where a value cannot lie; the CSV file has them as computed."


def possible(table: pd.DataFrame, measure: str | None = None) -> pd.DataFrame:
    """The table with ci_low and ci_high of its rows' `measure`, or of that one, held within its limits. A difference,
    which `less` marks, has other limits, and stays as it is."""
    measures = table["measure"] if measure is None else pd.Series(measure, index=table.index)
    if "less" in table:
        measures = measures.mask(table["less"].notna())
    limits = ({name: ends[side] for name, ends in LIMITS.items()} for side in (0, 1))
    lowest, highest = (measures.map(ends).astype(float) for ends in limits)  # also of no row
    return table.assign(
        ci_low=table["ci_low"].where(~(table["ci_low"] < lowest), lowest.clip(upper=table["mean"])),
        ci_high=table["ci_high"].where(~(table["ci_high"] > highest), highest.clip(lower=table["mean"])),
    )


def cut(table: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """The sentence that says so, where `shown` has narrower intervals than the table."""
    ends = [name for name in ("ci_low", "ci_high") if name in table]
    moved = (shown[ends] - table[ends]).abs().max().max()
    return [CUT] if moved > ROUNDING else []
