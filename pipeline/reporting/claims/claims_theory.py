"""Claims on shared randomness, on the theory's guarantees, and on a value of the paper.

Where nothing is guaranteed (NaN) there is nothing to compare.
"""

import math
from functools import partial

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.config.training_settings import SHARED
from pipeline.reporting.claim_definition import EVERY_NEGATIVE, EVERY_POSITIVE, NEGATIVE, NOT_DATASET, Claim, Quantity
from pipeline.reporting.claim_quantities import NSCL_AT_END, difference_of, for_cka_and_rsa, values_of
from twin_alignment.theory.theorem_bounds import log_limit

PLACE = 5
NO_CONTROL = "none: it is a theorem, and only a bug could refute it"
_claim = partial(Claim, reads=("bounds",), needs_learning=False, source="ours")
_any_run = partial(
    _claim, experiments=("trajectory", "classes", "temperature", "batch"), any_run=True, evidence="bounds.csv"
)


def log_excess_over_limit(rows: pd.DataFrame) -> list[float]:
    """Logarithm of Theorem 1's bound minus that of the largest distance of two similarity matrices."""
    return (rows["theorem1_published_log"] - rows["rows"].map(log_limit)).dropna().tolist()


def drift_fall(rows: pd.DataFrame) -> list[float]:
    """Logarithm of the relative drift at the last kept epoch over that at the first one after the start, by seed."""
    by_seed = rows.sort_values("epoch").groupby("seed")["rho"]
    return [math.log(ratio) for ratio in by_seed.last() / by_seed.first()]


def corollary_slack(cka: str, rsa: str) -> Quantity:
    """Quantity: measured CKA and RSA minus what two corollaries guarantee."""

    def slack(rows: pd.DataFrame) -> list[float]:
        return pd.concat([rows["cka"] - rows[cka], rows["rsa"] - rows[rsa]]).dropna().tolist()

    return Quantity(lambda read: read("bounds"), slack, NOT_DATASET)


CLAIMS = (
    *(
        claim
        for part in SHARED
        for claim in for_cka_and_rsa(
            f"share_{part}",
            f"Sharing the {part} raises {{measure}}.",
            f"{{measure}} of fully shared twins, minus that of twins that draw the {part} independently and share the "
            "rest, on test images at the last epoch",
            partial(
                difference_of,
                "alignment",
                "+".join(SHARED),
                "+".join(name for name in SHARED if name != part),
                where=NSCL_AT_END,
                names="shared",
                swept=("shared",),
            ),
            control="twins that share the rest: what they have in common is subtracted",
            experiments=("randomness",),
            evidence="randomness",
            source="ours",
        )
    ),
    _any_run(
        "theorem1_informative",
        "Theorem 1 as published is below the largest distance of any two similarity matrices.",
        "logarithm of the bound minus that of sqrt(2) N, over all runs and epochs",
        "sqrt(2) N, by which cosine matrices of N rows differ at most: a bound above it says nothing",
        Quantity(
            lambda read: read("bounds"),
            log_excess_over_limit,
            tuple(field for field in NOT_DATASET if field != "temperature"),
        ),
        rule=EVERY_NEGATIVE,
    ),
    Claim(
        "drift_falls",
        "The relative drift of CL and NSCL falls during training, while all bounds on it grow.",
        "log of rho at the last kept epoch over rho at the first one after the start, test images",
        "the bounds in fig. bounds_over_steps, which grow with every step",
        Quantity(lambda read: read("bounds").query("split == 'test' and rho > 0"), drift_fall),
        rule=NEGATIVE,
        reads=("bounds",),
        experiments=("trajectory",),
        evidence="bounds_over_steps",
        source="ours",
    ),
    _any_run(
        "corollaries",
        "CKA and RSA are at least what corollaries 1 and 2 guarantee from the measured drift.",
        "measured minus guaranteed, over all runs and epochs",
        NO_CONTROL,
        corollary_slack("cka_corollary1", "rsa_corollary2"),
        rule=EVERY_POSITIVE,
        kind="check",
        source="paper",
    ),
    _any_run(
        "sharper_corollaries",
        "They are at least the square roots of 1 - rho^2 and 1 - r^2.",
        "measured minus guaranteed, over all runs and epochs",
        NO_CONTROL,
        corollary_slack("cka_sharp", "rsa_sharp"),
        rule=EVERY_POSITIVE,
        kind="check",
    ),
    Claim(
        "published_tiny_imagenet",
        "On Tiny-ImageNet NSCL has a CKA of 0.87 with CL.",
        "CKA on test images at the last epoch",
        "stays_aligned, which subtracts the CKA of independent-data CL",
        values_of("alignment", "value", f"dataset == 'tiny_imagenet' and classes == 200 and {NSCL_AT_END}"),
        rule=ClaimRule(above=0.8),
        experiments=("trajectory",),
        evidence="fig2_trajectory",
        paper="0.87",
        scale="fisher",
    ),
)
