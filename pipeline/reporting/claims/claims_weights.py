"""Claims on the networks: differences of weights, and collapse of classes."""

from functools import partial
from typing import Any

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import Claim, Quantity
from pipeline.reporting.claim_quantities import INDEPENDENT_CL, difference_of, pivot_by_seed, values_of

PLACE = 2
_claim = partial(Claim, experiments=("trajectory",), reads=("weights",), evidence="fig1_angles", source="ours")
AT_END = "first == 'cl' and epoch == epochs"
EXCESS_VALUE = "weight_angle - representation_angle"
_difference = partial(difference_of, "weights", where=AT_END)
EXCESS = "angle of weights minus angle of representations"
NAMES = {
    "nscl": "CL and NSCL",
    "nscl_shuffled": "CL and NSCL with shuffled labels",
    "cl_independent": f"CL and {INDEPENDENT_CL}",
}


def angle_ratio(rows: pd.DataFrame) -> list[float]:
    """Angle of CL and perturbed CL over the angle of CL and NSCL, by seed."""
    angles = pivot_by_seed(rows, "second", ("cl_perturbed", "nscl"), "weight_angle")
    return (angles["cl_perturbed"] / angles["nscl"]).tolist()


def gap_growth(rows: pd.DataFrame) -> list[float]:
    """Weight gap of CL and NSCL at the last epoch minus that at the first kept epoch after the start, by seed."""
    gaps = rows.pivot_table(index="seed", columns="epoch", values="weight_gap")
    return (gaps[gaps.columns[-1]] - gaps[gaps.columns[0]]).tolist() if len(gaps.columns) else []


def _turn_more(name: str, twin: str, control: str, **facts: Any) -> Claim:
    return _claim(
        name,
        f"The weights of {NAMES[twin]} turn further apart than their representations.",
        f"{EXCESS} at the last epoch, CL and {twin}, degrees",
        control,
        values_of("weights", EXCESS_VALUE, f"{AT_END} and second == '{twin}'"),
        **facts,
    )


CLAIMS = (
    _turn_more(
        "weights_turn_more",
        "nscl",
        "weights_turn_more_shuffled and weights_turn_more_independent: the same where labels mean nothing",
        source="paper",
        paper="57.9: 85.7 of weights, 27.8 of representations",
    ),
    _turn_more("weights_turn_more_shuffled", "nscl_shuffled", "weights_turn_more, of which this is the control"),
    _turn_more("weights_turn_more_independent", "cl_independent", "weights_turn_more, of which this is the control"),
    _claim(
        "weights_turn_more_than_control",
        "The weights' angle of CL and NSCL exceeds that of their representations by more than it does for CL and "
        f"{INDEPENDENT_CL}.",
        f"{EXCESS} of nscl, minus the same of cl_independent, at the last epoch, degrees",
        "independent-data CL: two runs of one objective, which differ only in noise",
        _difference("nscl", "cl_independent", value=EXCESS_VALUE),
    ),
    _claim(
        "labels_have_own_effect_weights",
        "Leaving out negatives of the same class turns NSCL's weights further from CL's than leaving out the same "
        "number of others.",
        "angle of weights of nscl minus that of nscl_shuffled, with CL at the last epoch, degrees",
        "NSCL with shuffled labels",
        _difference("nscl", "nscl_shuffled", value="weight_angle"),
    ),
    _claim(
        "chaos",
        "One weight moved by 1e-6 turns CL's weights at least half as far as NSCL's loss does.",
        "angle of weights of CL and cl_perturbed divided by that of CL and NSCL, at the last epoch",
        "cl_perturbed itself: near 0, the angle of CL and NSCL is an effect of the loss",
        Quantity(lambda read: read("weights").query(AT_END), angle_ratio),
        rule=ClaimRule(above=0.5),
    ),
    _claim(
        "weights_drift",
        "The weights of CL and NSCL drift apart during training.",
        "weight gap at the last epoch minus that of the first kept one after the start",
        "chaos: whether a perturbation of one weight drifts as far",
        Quantity(lambda read: read("weights").query("first == 'cl' and second == 'nscl' and epoch > 0"), gap_growth),
        evidence="fig6_weight_gap",
        source="paper",
    ),
    _claim(
        "weights_of_scl_further",
        "SCL's weights are further from CL's than NSCL's are.",
        "weight gap of SCL minus that of NSCL at the last epoch",
        "the precondition: weights that hardly moved are equally far",
        _difference("scl", "nscl", value="weight_gap"),
        comparators=("scl",),
        evidence="fig6_weight_gap",
        source="paper",
    ),
    *(
        _claim(
            f"collapses_later_than_{twin}",
            f"NSCL's classes collapse later than those of {twin.upper()}.",
            f"log of the class-distance-normalised variance of NSCL minus that of {twin.upper()}, training images, "
            "last epoch",
            "the precondition; and fig. collapse, which shows CL, whose loss uses no classes",
            difference_of(
                "collapse",
                "nscl",
                twin,
                value="log(cdnv)",
                where="split == 'train' and epoch == epochs",
                names="objective",
            ),
            reads=("collapse",),
            comparators=(twin,),
            evidence="collapse",
        )
        for twin in ("scl", "ce")
    ),
)
