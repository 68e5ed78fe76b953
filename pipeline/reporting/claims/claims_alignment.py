"""Claims on alignment: similarity with CL on test images, compared with controls."""

from collections.abc import Hashable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from pipeline.reporting.claim_definition import NEGATIVE, Read, Values, values_by_setting
from pipeline.reporting.claim_quantities import (
    AT_THE_END,
    INDEPENDENT_CL,
    at_end,
    difference_of,
    for_cka_and_rsa,
    of_nscl,
    with_cl,
    with_movement,
)
from pipeline.reporting.seed_intervals import pseudo_values
from pipeline.reporting.trends import slopes_by_seed
from pipeline.reporting.twin_names import LEFT_OUT

PLACE = 1
_claims = partial(for_cka_and_rsa, experiments=("trajectory",), evidence="fig2_trajectory")
_label_fraction = partial(
    for_cka_and_rsa,
    bounded=False,
    rule=NEGATIVE,
    experiments=("label_fraction",),
    evidence="label_fraction",
    source="ours",
)


def smallest_lead(read: Read, similarity: str) -> Values:
    """Smallest difference over epochs after the start: NSCL minus independent-data CL."""

    def smallest(rows: pd.DataFrame) -> list[float]:
        table = rows[rows["epoch"] > 0].pivot_table(index=["seed", "epoch"], columns="second", values="value")
        if not {"nscl", "cl_independent"} <= set(table):
            return []
        return (table["nscl"] - table["cl_independent"]).groupby("seed").min().tolist()

    return values_by_setting(with_cl(read, similarity), smallest)


def beyond_initialisation(read: Read, similarity: str) -> Values:
    """Similarity of NSCL with CL minus that of CL with its own initialisation."""
    rows = with_movement(read, at_end(of_nscl(with_cl(read, similarity))), [similarity])
    return values_by_setting(rows, lambda group: (group["value"] - group[similarity]).tolist())


def lead_over_another_seed(read: Read, similarity: str) -> Values:
    """Similarity of NSCL with CL minus the mean over pairs of seeds of CL, as jackknife pseudo-values.

    Pairs of seeds overlap, so the jackknife over seeds is taken on the scale on which values are averaged.
    """
    limit = {"cka": 1.0, "rsa": 2.0}[similarity]
    between = read("between_seeds").query("split == 'test' and measure == @similarity")
    rows = at_end(pd.concat([of_nscl(with_cl(read, similarity)), between]))

    def closer(rows: pd.DataFrame) -> list[float]:
        nscl, pairs = rows[rows["second"] == "nscl"].set_index("seed")["value"], rows[rows["second"].isna()]
        if len(nscl) < 3:  # leaving out one of two seeds leaves no pair
            return []

        def lead(seeds: Sequence[int]) -> float:
            chosen = pairs[pairs["first_seed"].isin(seeds) & pairs["second_seed"].isin(seeds)]
            return float(np.arctanh((nscl.loc[list(seeds)].mean() - chosen["value"].mean()) / limit))

        return [limit * float(np.tanh(value)) for value in pseudo_values(nscl.index.tolist(), lead)]

    return values_by_setting(rows, closer)


def share_slopes(rows: pd.DataFrame, labels: str) -> dict[Hashable, float]:
    """Seed -> slope of the similarity in the share of same-class negatives that is left out."""
    shares = {name: fraction.share for name, fraction in LEFT_OUT.items() if fraction.labels == labels}
    partial_rows = rows[rows["second"].isin(shares)]
    return slopes_by_seed(partial_rows.assign(share=partial_rows["second"].map(shares)), "share", "value")


def share_slope(read: Read, similarity: str) -> Values:
    """Slope with true labels."""
    return values_by_setting(at_end(with_cl(read, similarity)), lambda rows: list(share_slopes(rows, "true").values()))


def share_slope_minus_shuffled(read: Read, similarity: str) -> Values:
    """Slope with true labels minus that with shuffled labels, paired by seed."""

    def steeper(rows: pd.DataFrame) -> list[float]:
        true, shuffled = share_slopes(rows, "true"), share_slopes(rows, "shuffled")
        return [true[seed] - shuffled[seed] for seed in true if seed in shuffled]

    return values_by_setting(at_end(with_cl(read, similarity)), steeper)


CLAIMS = (
    *_claims(
        "stays_aligned",
        f"NSCL is closer to CL than {INDEPENDENT_CL} (by {{measure}}).",
        f"{{measure}} of NSCL minus that of cl_independent, {AT_THE_END}",
        difference_of("alignment", "nscl", "cl_independent"),
        control=INDEPENDENT_CL,
    ),
    *_claims(
        "aligned_throughout",
        f"At every kept epoch NSCL is closer to CL than {INDEPENDENT_CL} (by {{measure}}).",
        "smallest difference over all kept epochs after the start: {measure} of nscl minus that of cl_independent, "
        "with CL on test images",
        smallest_lead,
        control=INDEPENDENT_CL,
    ),
    *_claims(
        "aligned_beyond_initialisation",
        "NSCL is more similar to CL than CL is to its own initialisation (by {measure}).",
        "{measure} of NSCL with CL minus that of CL with CL at epoch 0, on test images at the last epoch",
        beyond_initialisation,
        control="an untrained network, which is similar to CL wherever images alone decide the geometry",
        reads=("alignment", "movement"),
        source="ours",
    ),
    *_claims(
        "labels_have_own_effect",
        "Leaving out negatives of the same class moves NSCL further from CL than leaving out the same number of "
        "others (by {measure}).",
        f"{{measure}} of NSCL minus that of nscl_shuffled, {AT_THE_END}",
        difference_of("alignment", "nscl", "nscl_shuffled"),
        control="NSCL with shuffled labels: above 0, labels would hold NSCL to CL; undecided, no effect is detected",
        rule=NEGATIVE,
        source="ours",
    ),
    *_label_fraction(
        "label_fraction_less_shuffled",
        "With the share of same-class negatives that is left out, {measure} with CL falls faster than with the "
        "same share of others.",
        "slope of {measure} with CL in the share left out (0.25 to 1), with true labels minus with shuffled ones, on "
        "test images at the last epoch",
        share_slope_minus_shuffled,
        control="the same shares with shuffled labels",
    ),
    *_label_fraction(
        "label_fraction",
        "The more same-class negatives are left out, the further NSCL is from CL (by {measure}).",
        "slope of {measure} with CL in the share left out (0.25 to 1), on test images at the last epoch",
        share_slope,
        control="label_fraction_less_shuffled, which subtracts the effect of shuffled labels",
    ),
    *(
        claim
        for twin in ("scl", "ce")
        for claim in _claims(
            f"nscl_closer_than_{twin}",
            f"NSCL follows CL better than {twin.upper()} does (by {{measure}}).",
            f"{{measure}} of NSCL minus that of {twin}, {AT_THE_END}",
            difference_of("alignment", "nscl", twin),
            control="the precondition: where nothing is learned all twins are as similar as untrained networks",
        )
    ),
    *_claims(
        "closer_than_another_seed",
        "NSCL is closer to its CL twin than CL of another seed is (by {measure}).",
        "{measure} of CL and NSCL minus the mean {measure} of CL of two seeds, jackknife over seeds",
        lead_over_another_seed,
        control="CL of another seed, which shares only the objective and the images",
        reads=("alignment", "between_seeds"),
        source="ours",
    ),
)
