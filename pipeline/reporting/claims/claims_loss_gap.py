"""CL's loss less NSCL's loss on the same network."""

import pandas as pd

from pipeline.reporting.claim import (
    EVERY_POSITIVE,
    NEGATIVE,
    NOT_DATASET,
    Claim,
    Read,
    Values,
    by_data,
    with_movement,
)
from pipeline.reporting.claims.claims_sweeps import CLASSES
from pipeline.reporting.matched import at_steps_of_most_classes
from pipeline.reporting.slopes import slopes

PLACE = 6


def _within_bound(read: Read) -> Values:
    rows = read("loss_gap")
    slack = pd.concat([rows["gap"], rows["bound"] - rows["gap"]], axis=1).min(axis=1)
    return by_data(rows.assign(slack=slack), lambda own: own["slack"].tolist(), swept=NOT_DATASET)


def _classes(read: Read) -> Values:
    rows = with_movement(read, read("loss_gap").query("objective == 'cl'"), ["steps"])
    return by_data(rows, lambda own: slopes(at_steps_of_most_classes(own), "classes", "gap"), swept=CLASSES)


CLAIMS = (
    Claim(
        "loss_gap_bound",
        "CL's loss exceeds NSCL's by no more than Luthra et al. (arXiv 2506.04411) prove, and never falls below it.",
        "the smaller one of gap and bound less gap, over networks",
        "none: it is a theorem, and only a bug could refute it",
        _within_bound,
        rule=EVERY_POSITIVE,
        experiments=("classes", "temperature"),
        reads=("loss_gap",),
        evidence="loss_gap",
        kind="check",
        gated=False,
    ),
    Claim(
        "loss_gap_and_classes",
        "The loss gap falls with the number of classes (at equal steps).",
        "slope in log C' of CL's loss less NSCL's loss on the CL network",
        "the share of same-class images alone, which falls as 1/C': the bound in fig. loss_gap falls with it",
        _classes,
        rule=NEGATIVE,
        experiments=("classes",),
        reads=("loss_gap", "movement"),
        evidence="loss_gap",
    ),
)
