"""Claims on coarser, random and uneven groups of labels: how many negatives NSCL leaves out, and what they mean."""

import math
from functools import partial

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import NEGATIVE, POSITIVE, Quantity
from pipeline.reporting.claim_quantities import (
    AT_THE_END,
    SMALLEST_DIFFERENCE,
    at_end,
    for_cka_and_rsa,
    twins_difference,
    with_cl,
)
from pipeline.reporting.trends import slopes_by_seed

PLACE = 6
SAME = ClaimRule(within=SMALLEST_DIFFERENCE)
SEMANTIC = {20: "nscl_superclasses", 5: "nscl_five", 2: "nscl_two"}  # number of groups -> twin
RANDOM_IMAGES = {count: f"nscl_random_images_{count}" for count in SEMANTIC}
_claims = partial(
    for_cka_and_rsa,
    experiments=("label_granularity",),
    evidence="comparisons/label_granularity/agreement.csv",
    source="ours",
)


def granularity_slope(similarity: str) -> Quantity:
    """Quantity: slope in the log number of groups of the similarity of meaningful groups minus that of random ones."""
    groups = {twin: math.log(count) for twins in (SEMANTIC, RANDOM_IMAGES) for count, twin in twins.items()}

    def slopes(rows: pd.DataFrame) -> list[float]:
        sign = rows["second"].map({**dict.fromkeys(SEMANTIC.values(), 1), **dict.fromkeys(RANDOM_IMAGES.values(), -1)})
        rows = rows.assign(value=rows["value"] * sign, groups=rows["second"].map(groups))
        pairs = rows.groupby(["seed", "groups"])["value"].agg(["sum", "size"]).query("size == 2").reset_index()
        return list(slopes_by_seed(pairs, "groups", "sum").values())

    return Quantity(
        lambda read: at_end(with_cl(read, similarity)).query("second in @groups", local_dict={"groups": [*groups]}),
        slopes,
    )


CLAIMS = (
    *(
        claim
        for name, statement, (minuend, subtrahend), rule, control, kind in (
            (
                "meaning_beyond_chance",
                "With two groups, those with a meaning move NSCL further from CL than classes merged at random",
                ("nscl_two", "nscl_random_2"),
                NEGATIVE,
                "the same number of groups of classes without a meaning",
                "primary",
            ),
            (
                "random_groups_at_floor",
                "Two groups of classes merged at random keep NSCL as near to CL as two groups of random images",
                ("nscl_random_2", "nscl_random_images_2"),
                SAME,
                "groups of images: they leave out the same number of negatives, and no image can show its group",
                "primary",
            ),
            (
                "meaning_beyond_chance_20",
                "With 20 groups, those with a meaning move NSCL further from CL than classes merged at random",
                ("nscl_superclasses", "nscl_random_20"),
                NEGATIVE,
                "the same number of groups of classes without a meaning",
                "secondary",
            ),
            (
                "uneven_groups",
                "One group of all animals moves NSCL further from CL than one of a random half of the classes",
                ("nscl_animals", "nscl_random_half"),
                NEGATIVE,
                "a group of about the same size without a meaning",
                "secondary",
            ),
            (
                "fine_labels_at_floor",
                "With 100 classes NSCL is as near to CL as NSCL with shuffled labels",
                ("nscl", "nscl_shuffled"),
                SAME,
                "NSCL with shuffled labels, which leaves out the same number of negatives",
                "secondary",
            ),
        )
        for claim in _claims(
            name,
            f"{statement} (by {{measure}}).",
            f"{{measure}} of {minuend} minus that of {subtrahend}, {AT_THE_END}",
            twins_difference(minuend, subtrahend),
            rule=rule,
            control=control,
            kind=kind,
            comparators=(subtrahend,),
        )
    ),
    *_claims(
        "coarser_labels",
        "The coarser the groups, the further those with a meaning move NSCL from CL, beyond what groups of random "
        "images do (by {measure}).",
        "slope in the log number of groups (20, 5, 2): {measure} of NSCL with groups of a meaning minus that with the "
        f"same number of random groups of images, {AT_THE_END}",
        granularity_slope,
        control="groups of random images, which leave out the same number of negatives",
        margin=None,
        rule=POSITIVE,
    ),
)
