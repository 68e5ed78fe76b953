"""Intervals for readers, which end at the limits of their measure.

Student's t has no limits: near one, a few seeds have an interval that passes it, such as [0.97, 1.03] of a CKA. CSV
files have intervals as computed. Figures and tables for readers clip them, and a note says so.
"""

import math
from collections.abc import Mapping

import pandas as pd

LIMITS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("cka", "cka_raw"), (0.0, 1.0)),
    **dict.fromkeys(("rsa", "cka_debiased", "cosine"), (-1.0, 1.0)),
    "accuracy": (0.0, 100.0),
    "representation_angle": (0.0, 90.0),
    "weight_angle": (0.0, 180.0),
    **dict.fromkeys(("weight_gap", "weight_gap_released"), (0.0, 2.0)),
    **dict.fromkeys(("cdnv", "directional_cdnv"), (0.0, math.inf)),
}
ROUNDING = 1e-6  # by which an interval may pass its limit without a note
CLIPPED = "Intervals end at the limits of their measure; the CSV file has them as computed."


def clip_intervals(table: pd.DataFrame, measure: str | None = None) -> pd.DataFrame:
    """Clip ci_low and ci_high to the limits of the row's measure, never beyond the mean.

    Args:
        table: columns mean, ci_low, ci_high, and measure unless given; rows with `less` are differences, which have no
            limits.
        measure: of all rows; None: the column `measure`.
    """
    measures = table["measure"] if measure is None else pd.Series(measure, index=table.index)
    if "less" in table:
        measures = measures.mask(table["less"].notna())
    lowest, highest = (
        measures.map({name: limits[side] for name, limits in LIMITS.items()}).astype(float) for side in (0, 1)
    )
    return table.assign(
        ci_low=table["ci_low"].where(~(table["ci_low"] < lowest), lowest.clip(upper=table["mean"])),
        ci_high=table["ci_high"].where(~(table["ci_high"] > highest), highest.clip(lower=table["mean"])),
    )


def clipping_note(table: pd.DataFrame, clipped: pd.DataFrame) -> list[str]:
    """The note, where clipping changed an interval."""
    ends = [name for name in ("ci_low", "ci_high") if name in table]
    return [CLIPPED] if (clipped[ends] - table[ends]).abs().max().max() > ROUNDING else []
