"""The report's answer to the question in its title: a paragraph for each data, from the verdicts."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from pipeline.reporting.tables import FAILS, HOLDS, NOT_LEARNED, UNDECIDED, interval

Row = Mapping[Hashable, Any]  # of the table of claims

LABEL_EFFECT = "labels_have_own_effect"  # the claim that answers the title
LABEL_EFFECT_RULE = "mean below 0"  # under which its sentences are true
SENTENCES = {
    HOLDS: "Yes, labels have an effect: NSCL is further from CL than NSCL with shuffled labels, which leaves out the "
    "same number of images; CKA {value}.",
    FAILS: "Labels have an effect, and it keeps NSCL close: NSCL is nearer to CL than NSCL with shuffled labels, which "
    "leaves out the same number of images; CKA {value}.",
    UNDECIDED: "No effect of labels is detected: the CKA of NSCL with CL differs from that of NSCL with shuffled "
    "labels, which leaves out the same number of images, by {value}.",
}
UNITS = {  # claims in the answer -> digits and unit of their values
    LABEL_EFFECT: (3, ""),
    **dict.fromkeys(("stays_aligned", "nscl_closer_than_scl", "nscl_closer_than_ce"), (3, "")),
    **dict.fromkeys(("weights_turn_more", "weights_turn_more_shuffled"), (1, " degrees")),
    "chaos": (2, " times"),
}
NOTHING_LEARNED = "CL did not beat raw pixels and an untrained network: nothing was learned that could answer it."


def answer(claims: pd.DataFrame) -> Markup:
    """Return the answer as HTML; data on which none of its claims was measured has no paragraph."""
    rows = claims[claims["claim"].isin(UNITS) & (claims["n"] > 0)]
    paragraphs = [_paragraph(str(data), of_data) for data, of_data in rows.groupby("data", sort=False)]
    return Markup("").join(paragraphs)


def _paragraph(data: str, rows: pd.DataFrame) -> Markup:
    by_name = {row["claim"]: row for row in rows.to_dict("records")}
    sentences = [_sentence(by_name[name]) for name in UNITS if name in by_name]
    if (rows["verdict"] == NOT_LEARNED).any():
        sentences = [NOTHING_LEARNED]
    return Markup('<p class="answer"><strong>{}.</strong> {}</p>').format(data, " ".join(sentences))


def _sentence(row: Row) -> str:
    digits, unit = UNITS[str(row["claim"])]
    value = f"{interval(row, digits)}{unit}"
    reason = f" ({undecided_reason(row)})" if row["verdict"] == UNDECIDED else ""
    if row["claim"] == LABEL_EFFECT and row["rule"] == LABEL_EFFECT_RULE:
        return f"{SENTENCES[row['verdict']].format(value=value).removesuffix('.')}{reason}."
    return f"{row['statement'].removesuffix('.')}: {row['verdict']}, {value}{reason}."


def undecided_reason(row: Row) -> str:
    """Reason why a claim is undecided, perhaps with an interval on one side: p is corrected for all claims."""
    if math.isnan(row["p_holm"]):
        return "a single seed has no test" if row["n"] == 1 else "no test"
    return f"p = {row['p_holm']:.3f} after Holm's correction for all claims"
