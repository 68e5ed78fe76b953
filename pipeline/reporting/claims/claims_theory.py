"""What the theory promises, held against training; where nothing is promised (NaN) there is nothing to hold."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from pipeline.reporting.claim import EVERY_NEGATIVE, EVERY_POSITIVE, NOT_DATASET, Claim, Read, Values, by_data
from twin_alignment.theory.theorem_bounds import log_limit

PLACE = 8
NO_CONTROL = "none: it is a theorem, and only a bug could refute it"
_claim = partial(Claim, reads=("bounds",), gated=False)
_of_any_run = partial(_claim, experiments=("trajectory", "classes", "temperature", "batch"), any_run=True)


def _theorem1(read: Read) -> Values:
    rows = read("bounds")
    beyond = rows["theorem1_published_log"] - rows["rows"].map(log_limit)
    swept = [field for field in NOT_DATASET if field != "temperature"]
    return by_data(rows.assign(beyond=beyond), lambda own: own["beyond"].dropna().tolist(), swept)


def _similarity_descent(read: Read) -> Values:
    rows = read("bounds")
    return by_data(rows, lambda own: (own["drift_log"] - own["nonexpansive_log"]).dropna().tolist())


def _corollaries(cka: str, rsa: str) -> Callable[[Read], Values]:
    def slack(rows: pd.DataFrame) -> list[float]:
        found = pd.concat([rows["cka"] - rows[cka], rows["rsa"] - rows[rsa]])
        return found.dropna().tolist()

    return lambda read: by_data(read("bounds"), slack, NOT_DATASET)


CLAIMS = (
    _of_any_run(
        "theorem1_informative",
        "Theorem 1 as published is below what any two similarity matrices differ by.",
        "logarithm of the bound less that of sqrt(2) N, over all runs and epochs",
        "sqrt(2) N, by which cosine matrices of N rows differ at most: a bound above it says nothing",
        _theorem1,
        rule=EVERY_NEGATIVE,
        evidence="bounds.csv",
        source="ours",
    ),
    _claim(
        "similarity_descent",
        "Training stays within what similarity descent at its rates may drift.",
        "logarithm of the measured drift of features less that of the non-expansive bound",
        "simulated similarity descent, which stays within the bound at every step",
        _similarity_descent,
        rule=EVERY_NEGATIVE,
        experiments=("trajectory",),
        evidence="bounds_over_steps",
        source="ours",
    ),
    _of_any_run(
        "corollaries",
        "CKA and RSA are at least what corollaries 1 and 2 make of the measured drift.",
        "measured less promised, over all runs and epochs",
        NO_CONTROL,
        _corollaries("cka_corollary1", "rsa_corollary2"),
        rule=EVERY_POSITIVE,
        evidence="bounds.csv",
        kind="check",
    ),
    _of_any_run(
        "sharper_corollaries",
        "They are at least the square roots of 1 - rho^2 and 1 - r^2.",
        "measured less promised, over all runs and epochs",
        NO_CONTROL,
        _corollaries("cka_sharp", "rsa_sharp"),
        rule=EVERY_POSITIVE,
        evidence="bounds.csv",
        source="ours",
        kind="check",
    ),
)
