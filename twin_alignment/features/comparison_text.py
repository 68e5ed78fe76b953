"""A comparison of files for a reader, as JSON and as a table."""

import math
from dataclasses import asdict
from typing import Any

import pandas as pd
from tabulate import tabulate

from twin_alignment.features.file_comparison import Comparison
from twin_alignment.features.short_names import short_names
from twin_alignment.measures.jackknife import Estimate
from twin_alignment.measures.registry import ALL_MEASURES

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


def as_table(found: Comparison) -> pd.DataFrame:
    """A row a pair of files and measure: value, its interval, and its chance level with standard deviation."""
    rows = [
        {"first": first, "second": second, "measure": name, **asdict(estimate)}
        for (first, second), values in found.pairs.items()
        for name, estimate in values.items()
    ]
    return pd.DataFrame(rows)


def as_json(found: Comparison) -> dict[str, Any]:
    """Plain values; what a measure does not have (an interval, a chance level) is null."""
    pairs = [
        {
            "first": first,
            "second": second,
            **{name: _estimate(one) for name, one in values.items()},
        }
        for (first, second), values in found.pairs.items()
    ]
    names = [file.source for file in found.files]
    return {
        "rows": found.rows,
        "joined": list(found.joined),
        "files": [{"file": file.source, "dimensions": file.values.shape[1], "read": file.note} for file in found.files],
        "pairs": pairs,
        "matrices": {name: _matrix(found, names, name) for name in _measures(found)},
        "collapse": {source: asdict(one) for source, one in found.collapse.items()},
    }


def as_text(found: Comparison) -> str:
    parts = ["\n".join([*(file.text for file in found.files), *found.joined])]
    if len(found.pairs) == 1:
        parts.append(_one_pair(next(iter(found.pairs.values()))))
    else:
        parts += [_matrix_text(found, name) for name in _measures(found)]
    if found.collapse:
        rows = [[source, f"{one.cdnv:.4g}", f"{one.directional_cdnv:.4g}"] for source, one in found.collapse.items()]
        header = ["file", "CDNV", "directional CDNV"]
        parts.append(tabulate(rows, header, disable_numparse=True))
        parts.append(COLLAPSE)
    parts += [f"{first} and {second}: {HINT}" for (first, second), values in found.pairs.items() if _at_chance(values)]
    parts += [
        f"{first} and {second}: {note}" for (first, second), values in found.pairs.items() for note in _notes(values)
    ]
    joined = "matched as said above" if found.joined else "taken to be the same inputs in the same order"
    parts.append(
        f"{ASSUMED.format(rows=found.rows, joined=joined)}\n{INTERVALS if len(found.pairs) == 1 else ELSEWHERE}"
    )
    return "\n\n".join(parts)


def _one_pair(values: dict[str, Estimate]) -> str:
    rows = [
        [
            ALL_MEASURES[name].long_label,
            "–" if math.isnan(one.value) else f"{one.value:z.4f}",
            "–" if math.isnan(one.low) else f"[{one.low:z.4f}, {one.high:z.4f}]",
            _chance(one),
            f"{_above(one):z.0f}" if one.null_sd > 0 and not math.isnan(one.value) else "–",
        ]
        for name, one in values.items()
    ]
    header = ["measure", "value", "95 % interval", "chance ± s.d.", "s.d. above chance"]
    text = tabulate(rows, header, disable_numparse=True)
    if "cka" in values:
        angle = math.degrees(math.acos(min(1.0, values["cka"].value)))
        text += f"\n\nangle between the two similarity structures (arccos CKA): {angle:.1f} degrees"
    return text


def _matrix_text(found: Comparison, name: str) -> str:
    names = [file.source for file in found.files]
    short = short_names(names)
    rows = []
    for own, label, values in zip(names, short, _matrix(found, names, name), strict=True):
        pairs = [found.pairs.get((own, other), {}) for other in names]
        rows.append([label, *(_cell(value, pair.get(name)) for value, pair in zip(values, pairs, strict=True))])
    return f"{ALL_MEASURES[name].long_label}\n{tabulate(rows, ['', *short], disable_numparse=True)}"


def _cell(value: float | None, one: Estimate | None) -> str:
    """A value with its interval below it, once for each pair."""
    if value is None:
        return ""
    if one is None or math.isnan(one.low):
        return f"{value:z.4f}"
    return f"{value:z.4f}\n[{one.low:z.4f}, {one.high:z.4f}]"


def _matrix(found: Comparison, names: list[str], measure: str) -> list[list[float | None]]:
    """All files with all files; None where a measure is not symmetric and was taken the other way."""
    facts = ALL_MEASURES[measure]

    def value(a: str, b: str) -> float | None:
        if a == b:
            return facts.identity
        if (a, b) in found.pairs:
            return _plain(found.pairs[a, b][measure].value)
        return _plain(found.pairs[b, a][measure].value) if facts.symmetric else None

    return [[value(a, b) for b in names] for a in names]


def _measures(found: Comparison) -> list[str]:
    return list(next(iter(found.pairs.values())))


def _chance(one: Estimate) -> str:
    if math.isnan(one.null):
        return "–"
    return f"{one.null:z.4f}" if math.isnan(one.null_sd) else f"{one.null:z.4f} ± {one.null_sd:z.4f}"


def _above(one: Estimate) -> float:
    return (one.value - one.null) / one.null_sd


def _at_chance(values: dict[str, Estimate]) -> bool:
    """Whether all measures that have a chance level are at it."""
    known = [_above(one) for one in values.values() if one.null_sd > 0 and not math.isnan(one.value)]
    return bool(known) and max(known) < CHANCE


def _estimate(one: Estimate) -> dict[str, float | str | None]:
    numbers = {key: _plain(value) for key, value in asdict(one).items() if key != "note"}
    return {**numbers, "note": one.note}


def _notes(values: dict[str, Estimate]) -> list[str]:
    return [f"{ALL_MEASURES[name].long_label}: {one.note}" for name, one in values.items() if one.note]


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
