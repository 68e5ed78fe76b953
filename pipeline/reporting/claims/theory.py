"""What the theory promises, held against training."""

import math
from collections.abc import Callable
from functools import partial

import pandas as pd

from pipeline.reporting.claim import EVERY_NEGATIVE, EVERY_POSITIVE, Claim, Read, Values, by_data, by_dataset

PLACE = 8
_claim = partial(Claim, reads=("bounds",))


def _theorem1(read: Read) -> Values:
    rows = read("bounds")
    beyond = rows["theorem1_published_log"] - (2 * rows["rows"]).map(math.log)
    return by_dataset(rows.assign(beyond=beyond), lambda own: own["beyond"].tolist())


def _similarity_descent(read: Read) -> Values:
    rows = read("bounds").dropna(subset="nonexpansive_log")
    return by_data(rows, lambda own: (own["drift_log"] - own["nonexpansive_log"]).tolist())


def _corollaries(cka: str, rsa: str) -> Callable[[Read], Values]:
    def slack(rows: pd.DataFrame) -> list[float]:
        return [*(rows["cka"] - rows[cka]), *(rows["rsa"] - rows[rsa])]

    return lambda read: by_dataset(read("bounds"), slack)


CLAIMS = (
    _claim(
        "theorem1_informative",
        "Theorem 1 as published is below what any two similarity matrices differ by.",
        "logarithm of the bound less that of 2N, over all runs and epochs",
        _theorem1,
        rule=EVERY_NEGATIVE,
        experiments=("classes", "temperature", "batch"),
        evidence="bounds.csv",
        source="ours",
    ),
    _claim(
        "similarity_descent",
        "Training stays within what similarity descent at its rates may drift.",
        "logarithm of the measured drift of features less that of the non-expansive bound",
        _similarity_descent,
        rule=EVERY_NEGATIVE,
        experiments=("trajectory",),
        evidence="bounds_over_steps",
        source="ours",
    ),
    _claim(
        "corollaries",
        "CKA and RSA are at least what corollaries 1 and 2 make of the measured drift.",
        "measured less promised, over all runs and epochs",
        _corollaries("cka_corollary1", "rsa_corollary2"),
        rule=EVERY_POSITIVE,
        experiments=("trajectory", "classes", "temperature", "batch"),
        evidence="bounds.csv",
    ),
    _claim(
        "sharper_corollaries",
        "They are at least the square roots of 1 - rho^2 and 1 - r^2.",
        "measured less promised, over all runs and epochs",
        _corollaries("cka_sharp", "rsa_sharp"),
        rule=EVERY_POSITIVE,
        experiments=("trajectory", "classes", "temperature", "batch"),
        evidence="bounds.csv",
        source="ours",
    ),
)
