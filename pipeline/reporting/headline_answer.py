"""The report's answer to the question in its title: a paragraph for each data, from the verdicts."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from pipeline.reporting.seed_intervals import MIN_SEEDS_OF_INTERVAL
from pipeline.reporting.tables import EQUIVALENT, FAILS, HOLDS, NOT_LEARNED, UNDECIDED, measured_text

Row = Mapping[Hashable, Any]  # of the table of claims

LABEL_EFFECT = "label_contrast"  # the claim that answers the title
LABEL_EFFECT_RULE = "mean below 0"  # under which its sentences are true
_TWO = "two CL networks, which differ by one weight moved by a millionth"
SENTENCES = {
    HOLDS: f"Yes, labels have an effect: NSCL is further from {_TWO}, than these are from each other; CKA {{value}}.",
    FAILS: f"Labels have an effect, and it keeps NSCL close: NSCL is nearer to {_TWO}, than these are to each other; "
    "CKA {value}.",
    EQUIVALENT: f"No effect of labels of interest: NSCL is as near to {_TWO}, as these are to each other; CKA "
    "{value}.",
    UNDECIDED: f"No effect of labels is detected, and none is excluded: NSCL's CKA with {_TWO}, differs from that of "
    "these two by {value}.",
}
UNITS = {  # claims in the answer -> digits and unit of their values
    LABEL_EFFECT: (3, ""),
    **dict.fromkeys(("sharing_adds", "nscl_closer_than_scl", "nscl_closer_than_ce"), (3, "")),
    **dict.fromkeys(("weights_turn_more", "weights_turn_more_shuffled"), (1, " degrees")),
    "chaos": (2, " times"),
}
EXPLORATORY = "exploratory"  # word for secondary claims
NOTHING_LEARNED = "CL did not beat raw pixels and an untrained network: nothing was learned that could answer it."


def answer(claims: pd.DataFrame) -> Markup:
    """Return the answer as HTML; data on which none of its claims was measured has no paragraph."""
    rows = claims[claims["claim"].isin(UNITS) & (claims["n"] > 0)]
    paragraphs = [_paragraph(str(data), of_data) for data, of_data in rows.groupby("data", sort=False)]
    return Markup("").join(paragraphs)


def _paragraph(data: str, rows: pd.DataFrame) -> Markup:
    by_name = {row["claim"]: row for row in rows.to_dict("records")}
    sentences = [_sentence(by_name[name]) for name in UNITS if name in by_name]
    if (rows["verdict"] == NOT_LEARNED).all():
        sentences = [NOTHING_LEARNED]
    return Markup('<p class="answer"><strong>{}.</strong> {}</p>').format(data, " ".join(sentences))


def _sentence(row: Row) -> str:
    digits, unit = UNITS[str(row["claim"])]
    value = measured_text(row, digits, unit)
    reason = f" ({undecided_reason(row)})" if row["verdict"] == UNDECIDED else ""
    if row["claim"] == LABEL_EFFECT and row["rule"] == LABEL_EFFECT_RULE:
        return f"{SENTENCES[row['verdict']].format(value=value).removesuffix('.')}{reason}."
    outcome = "no effect of interest" if row["verdict"] == EQUIVALENT else row["verdict"]
    prefix = f"{EXPLORATORY}, " if row["kind"] == "secondary" else ""
    return f"{row['statement'].removesuffix('.')}: {prefix}{outcome}, {value}{reason}."


def undecided_reason(row: Row) -> str:
    """Reason why a claim is undecided, perhaps with an interval on one side: p is corrected for other claims."""
    if not math.isnan(row["p_adjusted"]):
        return f"p = {row['p_adjusted']:.3f}, {adjustment(row)}"
    if math.isnan(row["p_value"]):
        return "a single seed has no test" if row["n"] == 1 else "no test"
    if row["n"] < MIN_SEEDS_OF_INTERVAL:
        return f"not tested: a primary claim takes {MIN_SEEDS_OF_INTERVAL} seeds"
    return "not tested, as the claim by CKA is undecided"


def adjustment(row: Row) -> str:
    """Words for what a p value was adjusted for."""
    if row["kind"] == "secondary":
        return f"{EXPLORATORY}: false discovery rate of all such claims"
    return "tested after CKA" if str(row["claim"]).endswith("_rsa") else "Holm, primary claims"
