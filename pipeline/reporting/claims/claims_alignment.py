"""Claims on alignment: similarity with CL on test images, compared with controls."""

import math
from collections.abc import Hashable, Sequence
from functools import partial

import pandas as pd

from pipeline.reporting.claim_definition import NEGATIVE, Quantity, Read
from pipeline.reporting.claim_quantities import (
    AT_THE_END,
    FLOOR,
    INDEPENDENT_CL,
    at_end,
    for_cka_and_rsa,
    of_nscl,
    pairs_at_end,
    pivot_by_seed,
    twins_difference,
    with_cl,
    with_movement,
)
from pipeline.reporting.seed_intervals import one_sided_p, pseudo_values
from pipeline.reporting.trends import slopes_by_seed
from pipeline.reporting.twin_names import LEFT_OUT

PLACE = 1
_claims = partial(for_cka_and_rsa, experiments=("trajectory",), evidence="fig2_trajectory")
_primary = partial(_claims, kind="primary")
_label_fraction = partial(
    for_cka_and_rsa,
    margin=None,
    rule=NEGATIVE,
    experiments=("label_fraction",),
    evidence="label_fraction",
    source="ours",
)


def label_contrast(similarity: str) -> Quantity:
    """Quantity: mean similarity of NSCL with CL and with perturbed CL, minus the similarity of these two."""
    pairs = "cl nscl", f"nscl {FLOOR}", f"cl {FLOOR}"

    def contrast(rows: pd.DataFrame) -> list[float]:
        table = pivot_by_seed(rows, "pair", pairs)
        return ((table[pairs[0]] + table[pairs[1]]) / 2 - table[pairs[2]]).tolist()

    return Quantity(lambda read: pairs_at_end(read, similarity), contrast)


def decline_beyond_floor(similarity: str) -> Quantity:
    """Quantity: largest similarity over the kept epochs after the start minus the last one, NSCL minus perturbed CL."""

    def decline(rows: pd.DataFrame) -> list[float]:
        by_twin = rows.sort_values("epoch").groupby(["seed", "second"])["value"]
        fallen = (by_twin.max() - by_twin.last()).unstack("second")
        return (fallen["nscl"] - fallen[FLOOR]).dropna().tolist() if {"nscl", FLOOR} <= set(fallen) else []

    return Quantity(lambda read: after_the_start(read, similarity), decline)


def lead_at_least_certain_epoch(similarity: str) -> Quantity:
    """Quantity: NSCL minus independent-data CL at that kept epoch after the start at which it is least surely above 0.

    An intersection-union test (Berger 1982): every epoch's mean is above 0 where the largest of the one-sided p is
    small.
    """

    def uncertainty(leads: Sequence[float]) -> tuple[float, float]:
        p = one_sided_p(leads, 0.0)
        return (1.0 if math.isnan(p) else p), -sum(leads) / len(leads)

    def least_certain(rows: pd.DataFrame) -> list[float]:
        table = rows.pivot_table(index=["seed", "epoch"], columns="second", values="value")
        if not {"nscl", "cl_independent"} <= set(table):
            return []
        leads = (table["nscl"] - table["cl_independent"]).dropna()
        return max((of_epoch.tolist() for _, of_epoch in leads.groupby("epoch")), key=uncertainty, default=[])

    return Quantity(lambda read: after_the_start(read, similarity), least_certain)


def after_the_start(read: Read, similarity: str) -> pd.DataFrame:
    """Similarities with CL at kept epochs after the start, at which all twins are one network."""
    return with_cl(read, similarity).query("epoch > 0")


def beyond_initialisation(similarity: str) -> Quantity:
    """Quantity: similarity of NSCL with CL minus that of CL with its own initialisation."""
    return Quantity(
        lambda read: with_movement(read, at_end(of_nscl(with_cl(read, similarity))), [similarity]),
        lambda group: (group["value"] - group[similarity]).tolist(),
    )


def lead_over_another_seed(similarity: str) -> Quantity:
    """Quantity: similarity of NSCL with CL minus the mean over pairs of seeds of CL, as jackknife pseudo-values.

    Pairs of seeds overlap: the jackknife is over seeds.
    """

    def rows(read: Read) -> pd.DataFrame:
        between = read("between_seeds").query("split == 'test' and measure == @similarity")
        return at_end(pd.concat([of_nscl(with_cl(read, similarity)), between]))

    def closer(rows: pd.DataFrame) -> list[float]:
        nscl, pairs = rows[rows["second"] == "nscl"].set_index("seed")["value"], rows[rows["second"].isna()]
        if len(nscl) < 3:  # leaving out one of two seeds leaves no pair
            return []

        def lead(seeds: Sequence[int]) -> float:
            chosen = pairs[pairs["first_seed"].isin(seeds) & pairs["second_seed"].isin(seeds)]
            return float(nscl.loc[list(seeds)].mean() - chosen["value"].mean())

        return pseudo_values(nscl.index.tolist(), lead)

    return Quantity(rows, closer)


def share_slopes(rows: pd.DataFrame, labels: str) -> dict[Hashable, float]:
    """Seed -> slope of the similarity in the share of same-class negatives that is left out."""
    shares = {name: fraction.share for name, fraction in LEFT_OUT.items() if fraction.labels == labels}
    partial_rows = rows[rows["second"].isin(shares)]
    return slopes_by_seed(partial_rows.assign(share=partial_rows["second"].map(shares)), "share", "value")


def share_slope(similarity: str) -> Quantity:
    """Quantity: slope with true labels."""
    return Quantity(
        lambda read: at_end(with_cl(read, similarity)), lambda rows: list(share_slopes(rows, "true").values())
    )


def share_slope_minus_shuffled(similarity: str) -> Quantity:
    """Quantity: slope with true labels minus that with shuffled labels, paired by seed."""

    def steeper(rows: pd.DataFrame) -> list[float]:
        true, shuffled = share_slopes(rows, "true"), share_slopes(rows, "shuffled")
        return [true[seed] - shuffled[seed] for seed in true if seed in shuffled]

    return Quantity(lambda read: at_end(with_cl(read, similarity)), steeper)


CLAIMS = (
    *_primary(
        "label_contrast",
        "NSCL is further from two CL networks, which differ by one weight moved by a millionth, than these are from "
        "each other (by {measure}).",
        "mean {measure} of NSCL with CL and with cl_perturbed, minus that of CL with cl_perturbed, on test images at "
        "the last epoch",
        label_contrast,
        control="cl_perturbed: how similar two networks stay whose training differs by nothing of interest",
        rule=NEGATIVE,
        source="ours",
    ),
    *_primary(
        "sharing_adds",
        f"Shared batches and augmentations keep two CL networks closer: perturbed CL is closer to CL than "
        f"{INDEPENDENT_CL} (by {{measure}}).",
        f"{{measure}} of cl_perturbed minus that of cl_independent, {AT_THE_END}",
        twins_difference(FLOOR, "cl_independent"),
        control=INDEPENDENT_CL,
        comparators=("cl_independent",),
        source="ours",
    ),
    *_primary(
        "declines_beyond_floor",
        "From its highest point on, NSCL's {measure} with CL declines by more than that of perturbed CL.",
        "largest {measure} over all kept epochs after the start minus the last one, of NSCL minus the same of "
        "cl_perturbed, with CL on test images",
        decline_beyond_floor,
        control="cl_perturbed, in whose decline labels play no part",
        source="ours",
    ),
    *_claims(
        "stays_aligned",
        f"NSCL is closer to CL than {INDEPENDENT_CL} (by {{measure}}).",
        f"{{measure}} of NSCL minus that of cl_independent, {AT_THE_END}",
        twins_difference("nscl", "cl_independent"),
        control=INDEPENDENT_CL,
        comparators=("cl_independent",),
    ),
    *_claims(
        "aligned_throughout",
        f"At every kept epoch NSCL is closer to CL than {INDEPENDENT_CL} (by {{measure}}).",
        "{measure} of nscl minus that of cl_independent, with CL on test images, at that kept epoch after the start at "
        "which it is least certain to be above 0",
        lead_at_least_certain_epoch,
        margin=None,
        is_intersection=True,
        control=INDEPENDENT_CL,
        comparators=("cl_independent",),
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
        twins_difference("nscl", "nscl_shuffled"),
        control="NSCL with shuffled labels: above 0, labels would hold NSCL to CL; undecided, no effect is detected",
        rule=NEGATIVE,
        comparators=("nscl_shuffled",),
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
        for claim in _primary(
            f"nscl_closer_than_{twin}",
            f"NSCL follows CL better than {twin.upper()} does (by {{measure}}).",
            f"{{measure}} of NSCL minus that of {twin}, {AT_THE_END}",
            twins_difference("nscl", twin),
            control="the precondition: where nothing is learned all twins are as similar as untrained networks",
            comparators=(twin,),
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
