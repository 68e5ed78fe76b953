"""CL's loss less NSCL's loss on the same network."""

import pandas as pd

from pipeline.reporting.claim import EVERY_POSITIVE, NEGATIVE, Claim, Read, Values, by_dataset
from pipeline.reporting.slopes import slopes

PLACE = 6


def _within_bound(read: Read) -> Values:
    rows = read("loss_gap")
    slack = pd.concat([rows["gap"], rows["bound"] - rows["gap"]], axis=1).min(axis=1)
    return by_dataset(rows.assign(slack=slack), lambda own: own["slack"].tolist())


def _classes(read: Read) -> Values:
    rows = read("loss_gap").query("objective == 'cl'")
    return by_dataset(rows, lambda own: slopes(own, "classes", "gap"))


CLAIMS = (
    Claim(
        "loss_gap_bound",
        "CL's loss exceeds NSCL's by no more than the predecessor's bound, and never falls below it.",
        "the smaller one of gap and bound less gap, over networks",
        _within_bound,
        rule=EVERY_POSITIVE,
        experiments=("classes", "temperature"),
        reads=("loss_gap",),
        evidence="loss_gap",
    ),
    Claim(
        "loss_gap_and_classes",
        "The loss gap falls with the number of classes.",
        "slope in log C' of CL's loss less NSCL's loss on the CL network",
        _classes,
        rule=NEGATIVE,
        experiments=("classes",),
        reads=("loss_gap",),
        evidence="loss_gap",
    ),
)
