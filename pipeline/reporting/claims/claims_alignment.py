"""Do the twins stay aligned, and more than anything of CL's kind? Similarity with CL on test images."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim import (
    NEGATIVE,
    POSITIVE,
    Claim,
    Read,
    by_data,
    difference,
    last,
    nscl,
    with_cl,
    with_movement,
)
from pipeline.reporting.seed_intervals import Scale, pseudo_values
from pipeline.reporting.slopes import slopes_by_seed
from pipeline.reporting.twin_names import LEFT_OUT

PLACE = 1
AT_THE_END = "with CL on test images at the last epoch"
SCALES: dict[str, Scale] = {"cka": "fisher", "rsa": "fisher_difference"}  # of differences


def both(claim: Callable[[str], Claim]) -> tuple[Claim, Claim]:
    """A claim by CKA, and the same by RSA."""
    return claim("cka"), claim("rsa")


def named(name: str, measure: str) -> str:
    return name if measure == "cka" else f"{name}_{measure}"


def nscl_less(
    other: str,
    name: str,
    statement: str,
    control: str,
    source: str = "paper",
    rule: ClaimRule = POSITIVE,
    experiment: str = "trajectory",
    evidence: str = "fig2_trajectory",
) -> Callable[[str], Claim]:
    """Of a measure, the claim about the similarity of NSCL with CL less that of another twin."""

    def claim(measure: str) -> Claim:
        label = measure.upper()
        return Claim(
            named(name, measure),
            f"{statement} (by {label}).",
            f"{label} of NSCL less that of {other}, {AT_THE_END}",
            control,
            lambda read: by_data(last(with_cl(read, measure)), lambda rows: difference(rows, "nscl", other)),
            rule=rule,
            experiments=(experiment,),
            evidence=evidence,
            scale=SCALES[measure],
            source=source,
        )

    return claim


def _beyond_initialisation(measure: str) -> Claim:
    def excess(rows: pd.DataFrame) -> list[float]:
        return (rows["value"] - rows[measure]).tolist()

    label = measure.upper()
    return Claim(
        named("aligned_beyond_initialisation", measure),
        f"NSCL is more like CL than CL is like its own initialisation (by {label}).",
        f"{label} of NSCL with CL less that of CL with CL at epoch 0, on test images at the last epoch",
        "an untrained network, which is like CL wherever images alone decide the geometry",
        lambda read: by_data(with_movement(read, last(nscl(with_cl(read, measure))), [measure]), excess),
        experiments=("trajectory",),
        evidence="fig2_trajectory",
        reads=("alignment", "movement"),
        scale=SCALES[measure],
        source="ours",
    )


def _throughout(measure: str) -> Claim:
    def smallest(rows: pd.DataFrame) -> list[float]:
        found = rows[rows["epoch"] > 0].pivot_table(index=["seed", "epoch"], columns="second", values="value")
        if not {"nscl", "cl_independent"} <= set(found):
            return []
        return (found["nscl"] - found["cl_independent"]).groupby("seed").min().tolist()

    label = measure.upper()
    return Claim(
        named("aligned_throughout", measure),
        f"At every kept epoch NSCL is closer to CL than a CL on batches and views of its own is (by {label}).",
        f"smallest difference of any kept epoch after the start: {label} of nscl less that of cl_independent, with CL "
        "on test images",
        "CL from the same initialisation on batches and views of its own",
        lambda read: by_data(with_cl(read, measure), smallest),
        experiments=("trajectory",),
        evidence="fig2_trajectory",
        scale=SCALES[measure],
    )


def _closer_than_another_seed(measure: str) -> Claim:
    """Pairs of seeds overlap, so that values are the jackknife's, on the scale on which they are averaged."""
    limit = {"cka": 1.0, "rsa": 2.0}[measure]

    def rows_of(read: Read) -> pd.DataFrame:
        between = read("between_seeds").query("split == 'test'")
        between = between[between["measure"] == measure]
        return last(pd.concat([nscl(with_cl(read, measure)), between]))

    def closer(rows: pd.DataFrame) -> list[float]:
        own = rows[rows["second"] == "nscl"].set_index("seed")["value"]
        pairs = rows[rows["second"].isna()]
        if len(own) < 3:  # of two seeds without one there is no pair
            return []

        def lead(seeds: Sequence[int]) -> float:
            chosen = pairs[pairs["first_seed"].isin(seeds) & pairs["second_seed"].isin(seeds)]
            return float(np.arctanh((own.loc[list(seeds)].mean() - chosen["value"].mean()) / limit))

        return [limit * float(np.tanh(value)) for value in pseudo_values(own.index.tolist(), lead)]

    label = measure.upper()
    return Claim(
        named("closer_than_another_seed", measure),
        f"NSCL is closer to its CL twin than CL of another seed is (by {label}).",
        f"{label} of CL and NSCL less the mean {label} of CL of two seeds, jackknife over seeds",
        "CL of another seed, which shares nothing but the objective and the images",
        lambda read: by_data(rows_of(read), closer),
        experiments=("trajectory",),
        evidence="fig2_trajectory",
        reads=("alignment", "between_seeds"),
        scale=SCALES[measure],
        source="ours",
    )


def _by_share(rows: pd.DataFrame, labels: str) -> dict[Hashable, float]:
    shares = {name: left_out.share for name, left_out in LEFT_OUT.items() if left_out.labels == labels}
    known = rows[rows["second"].isin(shares)]
    return slopes_by_seed(known.assign(share=known["second"].map(shares)), "share", "value")


def _label_fraction_less_shuffled(measure: str) -> Claim:
    def steeper(rows: pd.DataFrame) -> list[float]:
        true, shuffled = _by_share(rows, "true"), _by_share(rows, "shuffled")
        return [true[seed] - shuffled[seed] for seed in true if seed in shuffled]

    label = measure.upper()
    return Claim(
        named("label_fraction_less_shuffled", measure),
        f"With every share of same-class negatives that is left out, {label} with CL falls more than with as many "
        "others.",
        f"slope of {label} with CL in the share left out (0.25 to 1), with true labels less with shuffled ones, on "
        "test images at the last epoch",
        "the same shares with the labels in another order",
        lambda read: by_data(last(with_cl(read, measure)), steeper),
        rule=NEGATIVE,
        experiments=("label_fraction",),
        evidence="label_fraction",
        source="ours",
    )


def _label_fraction(measure: str) -> Claim:
    label = measure.upper()
    return Claim(
        named("label_fraction", measure),
        f"The more same-class negatives are left out, the further NSCL is from CL (by {label}).",
        f"slope of {label} with CL in the share left out (0.25 to 1), on test images at the last epoch",
        "label_fraction_less_shuffled, which takes off what shuffled labels do",
        lambda read: by_data(last(with_cl(read, measure)), lambda rows: list(_by_share(rows, "true").values())),
        rule=NEGATIVE,
        experiments=("label_fraction",),
        evidence="label_fraction",
        source="ours",
    )


CLAIMS = (
    *both(
        nscl_less(
            "cl_independent",
            "stays_aligned",
            "Sharing all randomness keeps NSCL closer to CL than a CL on batches and views of its own",
            "CL from the same initialisation on batches and views of its own",
        )
    ),
    *both(_throughout),
    *both(_beyond_initialisation),
    *both(
        nscl_less(
            "nscl_shuffled",
            "labels_have_own_effect",
            "Leaving out negatives of the same class moves NSCL further from CL than leaving out as many others",
            "NSCL with the labels in another order: above 0, labels would hold NSCL to CL; undecided, they do nothing "
            "seen",
            source="ours",
            rule=NEGATIVE,
        )
    ),
    *both(_label_fraction_less_shuffled),
    *both(_label_fraction),
    *both(
        nscl_less(
            "scl",
            "nscl_closer_than_scl",
            "NSCL follows CL better than SCL does",
            "the gate: where nothing is learned all twins are as alike as untrained networks",
        )
    ),
    *both(
        nscl_less(
            "ce",
            "nscl_closer_than_ce",
            "NSCL follows CL better than CE does",
            "the gate: where nothing is learned all twins are as alike as untrained networks",
        )
    ),
    *both(_closer_than_another_seed),
)
