"""Do the twins stay aligned? Similarity with CL on test images."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from pipeline.reporting.claim import Claim, Read, Values, by_data, difference, last, nscl, with_cl
from pipeline.settings.experiments import ClaimRule

PLACE = 1
ALIGNED = ClaimRule(above=0.9)
_claim = partial(Claim, experiments=("trajectory",), evidence="fig2_trajectory")


def _stays(measure: str) -> Callable[[Read], Values]:
    return lambda read: by_data(last(nscl(with_cl(read, measure))), lambda rows: rows["value"].tolist())


def _throughout(read: Read) -> Values:
    return by_data(nscl(with_cl(read)), lambda rows: rows.groupby("seed")["value"].min().tolist())


def _closer_than(other: str, measure: str, name: str, statement: str) -> Claim:
    quantity = f"{measure.upper()} of NSCL less that of {other.upper()}"

    def closer(read: Read) -> Values:
        return by_data(last(with_cl(read, measure)), lambda rows: difference(rows, "nscl", other))

    at_the_end = "similarity with CL on test images at the last epoch"
    return _claim(name, statement, f"{quantity}, {at_the_end}", closer)


def _closer_than_another_seed(read: Read) -> Values:
    """Of each seed: its twin, less the mean over the pairs of seeds that it takes part in."""
    between = read("between_seeds").query("split == 'test' and measure == 'cka'")

    def closer(rows: pd.DataFrame) -> list[float]:
        run = rows.iloc[0]
        pairs = between[(between["dataset"] == run["dataset"]) & (between["classes"] == run["classes"])]
        pairs = pairs[pairs["epoch"] == run["epochs"]]
        found = []
        for seed, value in zip(rows["seed"], rows["value"], strict=True):
            own = pairs[(pairs["first_seed"] == seed) | (pairs["second_seed"] == seed)]
            found.append(float(value - own["value"].mean()))
        return found

    return by_data(last(nscl(with_cl(read))), closer)


CLAIMS = (
    _claim(
        "stays_aligned",
        "CL and NSCL end with nearly the same representation geometry.",
        "CKA on test images at the last epoch",
        _stays("cka"),
        rule=ALIGNED,
    ),
    _claim(
        "stays_aligned_rsa", "The same by RSA.", "RSA on test images at the last epoch", _stays("rsa"), rule=ALIGNED
    ),
    _claim(
        "aligned_throughout",
        "They are aligned throughout training.",
        "lowest CKA on test images of all kept epochs",
        _throughout,
        rule=ALIGNED,
    ),
    _closer_than("scl", "cka", "nscl_closer_than_scl", "NSCL follows CL better than SCL does."),
    _closer_than("ce", "cka", "nscl_closer_than_ce", "NSCL follows CL better than CE does."),
    _closer_than("scl", "rsa", "nscl_closer_than_scl_rsa", "The same against SCL by RSA."),
    _closer_than("ce", "rsa", "nscl_closer_than_ce_rsa", "The same against CE by RSA."),
    _claim(
        "closer_than_another_seed",
        "NSCL is closer to its CL twin than CL of another seed is.",
        "CKA of CL and NSCL less the mean CKA of CL with CL of the other seeds",
        _closer_than_another_seed,
        reads=("alignment", "between_seeds"),
        source="ours",
    ),
)
