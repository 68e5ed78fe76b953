"""The report's answer to the question in its title: a paragraph for each data, whose words follow the verdicts."""

import html
import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from pipeline.reporting.tables import FAILS, HOLDS, NOT_LEARNED, UNDECIDED

Row = Mapping[Hashable, Any]  # of the table of claims

SENTENCES = {  # claim -> verdict -> what to say; {size}: of the measured difference, {value}: with its sign
    "labels_have_own_effect": {
        HOLDS: "Yes: labels have an effect of their own. NSCL is further from CL than NSCL with shuffled labels, which "
        "leaves out as many images, by {size} of CKA.",
        FAILS: "Labels have an effect of their own, and it keeps NSCL close: it is nearer to CL than NSCL with "
        "shuffled labels, which leaves out as many images, by {size} of CKA.",
        UNDECIDED: "No effect of labels was seen beyond chance: NSCL's CKA with CL differs from that of NSCL with "
        "shuffled labels, which leaves out as many images, by {value}.",
    },
    "stays_aligned": {
        HOLDS: "NSCL, which shares all randomness with CL, is closer to it than a CL on batches and views of its own, "
        "by {size}.",
        FAILS: "NSCL, which shares all randomness with CL, is further from it than a CL on batches and views of its "
        "own, by {size}.",
        UNDECIDED: "Whether NSCL, which shares all randomness with CL, is closer to it than a CL on batches and views "
        "of its own is undecided: {value}.",
    },
    "nscl_closer_than_scl": {
        HOLDS: "NSCL follows CL better than SCL does, by {size}.",
        FAILS: "NSCL follows CL worse than SCL does, by {size}.",
        UNDECIDED: "Whether NSCL follows CL better than SCL does is undecided: {value}.",
    },
    "nscl_closer_than_ce": {
        HOLDS: "NSCL follows CL better than CE does, by {size}.",
        FAILS: "NSCL follows CL worse than CE does, by {size}.",
        UNDECIDED: "Whether NSCL follows CL better than CE does is undecided: {value}.",
    },
    "weights_turn_more": {
        HOLDS: "The weights of CL and NSCL turn further apart than their representations, by {degrees}.",
        FAILS: "The representations of CL and NSCL turn further apart than their weights, by {degrees}.",
        UNDECIDED: "Whether the weights of CL and NSCL turn further apart than their representations is undecided: "
        "{signed_degrees}.",
    },
    "weights_turn_more_shuffled": {
        HOLDS: "So do those of CL and NSCL with shuffled labels, by {degrees}.",
        FAILS: "For NSCL with shuffled labels it is the representations that do, by {degrees}.",
        UNDECIDED: "For NSCL with shuffled labels that is undecided.",
    },
    "chaos": {
        HOLDS: "One weight of CL moved by a millionth turns its weights {times} times as far as NSCL's loss does.",
        FAILS: "One weight of CL moved by a millionth turns its weights only {times} times as far as NSCL's loss does.",
        UNDECIDED: "One weight of CL moved by a millionth turns its weights {times} times as far as NSCL's loss does.",
    },
}
ABOUT_ZERO = ("mean above 0", "mean below 0")
PUT_IN_WORDS = dict.fromkeys(SENTENCES, ABOUT_ZERO) | {"chaos": ("mean above 0.5",)}  # rules the sentences are for
NOTHING_LEARNED = "CL did not beat raw pixels and an untrained network: nothing was learned that could answer it."


def answer(verdicts: pd.DataFrame) -> str:
    """HTML; `verdicts` is a table of claims. Data on which none of these claims was measured has no paragraph."""
    told = verdicts[verdicts["claim"].isin(SENTENCES) & (verdicts["n"] > 0)]
    paragraphs = []
    for data, rows in told.groupby("data", sort=False):
        of = {row["claim"]: row for row in rows.to_dict("records")}
        learned = all(row["verdict"] != NOT_LEARNED for row in of.values())
        sentences = [_sentence(name, of[name]) for name in SENTENCES if name in of] if learned else [NOTHING_LEARNED]
        paragraphs.append(f'<p class="answer"><strong>{html.escape(str(data))}.</strong> {" ".join(sentences)}</p>')
    return "".join(paragraphs)


def undecided_reason(row: Row) -> str:
    """Why a claim's test decides nothing: an interval is of one claim, and p is corrected for all of them."""
    if math.isnan(row["p_holm"]):
        return "a single seed has no test" if row["n"] == 1 else "no test"
    return f"p = {row['p_holm']:.3f} after Holm's correction for all claims"


def _sentence(name: str, row: Row) -> str:
    reason = f" ({undecided_reason(row)})." if row["verdict"] == UNDECIDED else "."
    return _words(name, row).removesuffix(".") + reason


def _words(name: str, row: Row) -> str:
    if row["rule"] not in PUT_IN_WORDS[name]:  # the settings have a rule of their own
        return f"{html.escape(row['statement'])} {row['verdict'].capitalize()}: {_value(row, 3)}."
    return SENTENCES[name][row["verdict"]].format(
        size=_size(row, 3),
        value=_value(row, 3),
        degrees=f"{_size(row, 1)} degrees",
        signed_degrees=f"{_value(row, 1)} degrees",
        times=_value(row, 2),
    )


def _value(row: Row, digits: int) -> str:
    """A mean with its interval, which one seed does not have."""
    if math.isnan(row["ci_low"]):
        return f"{row['mean']:.{digits}f}"
    return f"{row['mean']:.{digits}f} [{row['ci_low']:.{digits}f}, {row['ci_high']:.{digits}f}]"


def _size(row: Row, digits: int) -> str:
    """The same without sign, of what is decided and so has an interval on one side of zero."""
    low, high = sorted((abs(row["ci_low"]), abs(row["ci_high"])))
    return _value({"mean": abs(row["mean"]), "ci_low": low, "ci_high": high}, digits)
