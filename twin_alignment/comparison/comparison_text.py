"""Text of a comparison for a reader."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from twin_alignment.comparison.short_names import short_names
from twin_alignment.measures.feature_set import Estimate
from twin_alignment.measures.geometry import representation_angle
from twin_alignment.measures.registry import ALL_MEASURES
from twin_alignment.text_table import text_table

if TYPE_CHECKING:
    from twin_alignment.comparison.result import Comparison

CHANCE = 3.0  # standard deviations above what rows in random order would give, below which a value is no agreement
HINT = "nothing is clearly above what rows in random order give. Are the rows of both in the same order?"
COLLAPSE = """\
CDNV (class-distance-normalised variance): within-class variance over the squared distance of class means, mean over
pairs of classes; 0 where classes have collapsed to points. Directional: along the line between the means alone."""
ASSUMED = """\
{rows} rows, {joined}. Cosine measures divide each row by its length and do not
move the origin; raw features are centred alone."""
INTERVALS = """\
Intervals: jackknife over rows. Chance: mean and standard deviation (s.d.) over all orders of one file's rows; the last
column says how many of these the value lies above."""
ELSEWHERE = "In brackets 95 % intervals over rows (jackknife). Chance levels of every two files: --json, or --csv FILE."
HEADER = ["measure", "value", "95 % interval", "chance ± s.d.", "s.d. above chance"]


def comparison_text(comparison: Comparison) -> str:
    """Return inputs, values of one pair or matrices of several, class variances, and notes."""
    single = len(comparison.pairs) == 1
    parts = ["\n".join([*(item.text for item in comparison.inputs), *comparison.joined])]
    if single:
        parts.append(_pair_text(next(iter(comparison.pairs.values()))))
    else:
        parts += [_matrix_text(comparison, name) for name in comparison.measures]
    if comparison.collapse:
        rows = [[name, f"{v.cdnv:.4g}", f"{v.directional_cdnv:.4g}"] for name, v in comparison.collapse.items()]
        parts += [text_table(rows, ["file", "CDNV", "directional CDNV"]), COLLAPSE]
    parts += [f"{a} and {b}: {HINT}" for (a, b), values in comparison.pairs.items() if _at_chance(values)]
    parts += [f"{a} and {b}: {note}" for (a, b), values in comparison.pairs.items() for note in _notes(values)]
    joined = "matched as said above" if comparison.joined else "taken to be the same inputs in the same order"
    parts.append(f"{ASSUMED.format(rows=comparison.rows, joined=joined)}\n{INTERVALS if single else ELSEWHERE}")
    return "\n\n".join(parts)


def _pair_text(values: Mapping[str, Estimate]) -> str:
    text = text_table([_row(name, estimate) for name, estimate in values.items()], HEADER)
    if "cka" in values:
        angle = representation_angle(values["cka"].value)
        text += f"\n\nangle between the two similarity structures (arccos CKA): {angle:.1f} degrees"
    return text


def _row(name: str, estimate: Estimate) -> list[str]:
    return [
        ALL_MEASURES[name].long_label,
        "–" if math.isnan(estimate.value) else f"{estimate.value:z.4f}",
        _interval(estimate) or "–",
        _chance(estimate),
        f"{_above(estimate):z.0f}" if _has_chance(estimate) else "–",
    ]


def _matrix_text(comparison: Comparison, measure: str) -> str:
    """Matrix whose cells have an interval below their value, once for each pair."""
    matrix, names = comparison.matrix(measure), comparison.names
    short, rows = short_names(names), []
    for place, first in enumerate(names):
        row = [short[place]]
        for value, second in zip(matrix.iloc[place], names, strict=True):
            estimate = comparison.pairs.get((first, second), {}).get(measure)
            interval = _interval(estimate) if estimate else ""
            row.append("" if math.isnan(value) else f"{value:z.4f}" + (f"\n{interval}" if interval else ""))
        rows.append(row)
    return f"{ALL_MEASURES[measure].long_label}\n{text_table(rows, ['', *short])}"


def _interval(estimate: Estimate) -> str:
    return "" if math.isnan(estimate.low) else f"[{estimate.low:z.4f}, {estimate.high:z.4f}]"


def _chance(estimate: Estimate) -> str:
    if math.isnan(estimate.null):
        return "–"
    spread = "" if math.isnan(estimate.null_sd) else f" ± {estimate.null_sd:z.4f}"
    return f"{estimate.null:z.4f}{spread}"


def _has_chance(estimate: Estimate) -> bool:
    return estimate.null_sd > 0 and not math.isnan(estimate.value)


def _above(estimate: Estimate) -> float:
    """Standard deviations of a value above its chance level."""
    return (estimate.value - estimate.null) / estimate.null_sd


def _at_chance(values: Mapping[str, Estimate]) -> bool:
    """Return True where all measures that have a chance level are at it."""
    above = [_above(estimate) for estimate in values.values() if _has_chance(estimate)]
    return bool(above) and max(above) < CHANCE


def _notes(values: Mapping[str, Estimate]) -> list[str]:
    return [f"{ALL_MEASURES[name].long_label}: {estimate.note}" for name, estimate in values.items() if estimate.note]
