"""What becomes of the twins as networks: their weights, and how tight their classes are."""

from functools import partial

import numpy as np
import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim import Claim, Read, Values, by_data, difference, last, nscl, wide

PLACE = 2
_claim = partial(Claim, experiments=("trajectory",), reads=("weights",))
MORE_THAN_REPRESENTATIONS = "angle of weights less angle of representations"


def _weights(read: Read) -> pd.DataFrame:
    """Of every twin with CL; `excess`: by how much the weights' angle is above the representations'."""
    rows = read("weights").query("first == 'cl'")
    return rows.assign(excess=rows["weight_angle"] - rows["representation_angle"])


def _turn_more(name: str, twin: str, who: str, control: str, source: str = "ours", paper: str = "no number") -> Claim:
    def excess(read: Read) -> Values:
        rows = last(_weights(read))
        return by_data(rows[rows["second"] == twin], lambda own: own["excess"].tolist())

    quantity = f"{MORE_THAN_REPRESENTATIONS} at the last epoch, CL and {twin}, degrees"
    statement = f"The weights of {who} turn further apart than their representations."
    return _claim(name, statement, quantity, control, excess, evidence="fig1_angles", source=source, paper=paper)


def _more_than_control(read: Read) -> Values:
    return by_data(last(_weights(read)), lambda own: difference(own, "nscl", "cl_independent", values="excess"))


def _own_effect(read: Read) -> Values:
    return by_data(last(_weights(read)), lambda own: difference(own, "nscl", "nscl_shuffled", values="weight_angle"))


def _chaos(read: Read) -> Values:
    def share(rows: pd.DataFrame) -> list[float]:
        found = wide(rows, "second", ("cl_perturbed", "nscl"), "weight_angle")
        return (found["cl_perturbed"] / found["nscl"]).tolist()

    return by_data(last(_weights(read)), share)


def _drift(read: Read) -> Values:
    def growth(rows: pd.DataFrame) -> list[float]:
        found = rows[rows["epoch"] > 0].pivot_table(index="seed", columns="epoch", values="weight_gap")
        return (found[found.columns[-1]] - found[found.columns[0]]).tolist() if len(found.columns) else []

    return by_data(nscl(_weights(read)), growth)


def _of_scl_further(read: Read) -> Values:
    return by_data(last(_weights(read)), lambda rows: difference(rows, "scl", "nscl", values="weight_gap"))


def _collapses_later_than(other: str) -> Claim:
    def later(read: Read) -> Values:
        rows = last(read("collapse").query("split == 'train'"))
        rows = rows.assign(log_cdnv=np.log(rows["cdnv"]))
        return by_data(rows, lambda own: difference(own, "nscl", other, "objective", "log_cdnv"))

    return _claim(
        f"collapses_later_than_{other}",
        f"NSCL's classes collapse later than those of {other.upper()}.",
        f"log of the class-distance-normalised variance of NSCL less that of {other.upper()}, training images, last "
        "epoch",
        "the gate; and fig. collapse, which shows CL, whose loss knows no classes",
        later,
        reads=("collapse",),
        evidence="collapse",
        source="ours",
    )


CLAIMS = (
    _turn_more(
        "weights_turn_more",
        "nscl",
        "CL and NSCL",
        "weights_turn_more_shuffled and weights_turn_more_independent: the same where labels mean nothing",
        source="paper",
        paper="57.9: 85.7 of weights, 27.8 of representations",
    ),
    _turn_more(
        "weights_turn_more_shuffled",
        "nscl_shuffled",
        "CL and NSCL with shuffled labels",
        "weights_turn_more, of which this is the control",
    ),
    _turn_more(
        "weights_turn_more_independent",
        "cl_independent",
        "CL and a CL on batches and views of its own",
        "weights_turn_more, of which this is the control",
    ),
    _claim(
        "weights_turn_more_than_control",
        "The weights of CL and NSCL exceed their representations' angle by more than those of CL and a CL on batches "
        "and views of its own.",
        f"{MORE_THAN_REPRESENTATIONS} of nscl, less the same of cl_independent, at the last epoch, degrees",
        "CL on batches and views of its own: two runs of one objective, which differ in noise alone",
        _more_than_control,
        evidence="fig1_angles",
        source="ours",
    ),
    _claim(
        "labels_have_own_effect_weights",
        "Leaving out negatives of the same class turns NSCL's weights further from CL's than leaving out as many "
        "others.",
        "angle of weights of nscl less that of nscl_shuffled, with CL at the last epoch, degrees",
        "NSCL with the labels in another order",
        _own_effect,
        evidence="fig1_angles",
        source="ours",
    ),
    _claim(
        "chaos",
        "One weight moved by 1e-6 turns CL's weights at least half as far as NSCL's loss does.",
        "angle of weights of CL and cl_perturbed as a share of that of CL and NSCL, at the last epoch",
        "cl_perturbed itself: near 0, the angle of CL and NSCL is an effect of the loss",
        _chaos,
        rule=ClaimRule(above=0.5),
        evidence="fig1_angles",
        source="ours",
    ),
    _claim(
        "weights_drift",
        "The weights of CL and NSCL drift apart as training goes on.",
        "weight gap at the last epoch less that of the first kept one after the start",
        "chaos: whether a nudge of one weight drifts as far",
        _drift,
        evidence="fig6_weight_gap",
    ),
    _claim(
        "weights_of_scl_further",
        "SCL's weights are further from CL's than NSCL's are.",
        "weight gap of SCL less that of NSCL at the last epoch",
        "the gate: weights that hardly moved are equally far",
        _of_scl_further,
        evidence="fig6_weight_gap",
    ),
    _collapses_later_than("scl"),
    _collapses_later_than("ce"),
)
