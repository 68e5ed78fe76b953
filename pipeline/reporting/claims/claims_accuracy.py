"""Claims on the features of CL and NSCL: with labels, temperature, merged weights, transformers; and the loss gap."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import EVERY_POSITIVE, NEGATIVE, NOT_DATASET, Claim, Quantity, Read
from pipeline.reporting.claim_quantities import (
    AT_THE_END,
    difference_of,
    for_cka_and_rsa,
    pivot_by_seed,
    selected,
    slope_of,
    twins_difference,
    with_movement,
)
from pipeline.reporting.claims.claims_sweeps import CLASSES
from pipeline.reporting.trends import at_steps_of_most_classes, log_slopes

PLACE = 4
PROBES = {"nccc": "nearest-class-centre", "lp": "linear-probe"}
_temperature = partial(
    Claim, rule=NEGATIVE, experiments=("temperature",), reads=("probes",), evidence="accuracy_by_temperature"
)


def linear_probes(read: Read) -> pd.DataFrame:
    """Linear probes of CL and NSCL, in the column `value`."""
    return read("probes").query("probe == 'lp' and objective in ('cl', 'nscl')").rename(columns={"accuracy": "value"})


def accuracy_gap_slopes(rows: pd.DataFrame) -> list[float]:
    """Slope in log temperature of the absolute gap of CL's and NSCL's linear probes, by seed."""
    table = rows.pivot_table(index=["seed", "temperature"], columns="objective", values="value").reset_index()
    if not {"cl", "nscl"} <= set(table):
        return []
    return log_slopes(table.assign(gap=(table["nscl"] - table["cl"]).abs()), "temperature", "gap")


def merged_minus_ends(rows: pd.DataFrame) -> list[float]:
    """Accuracy of the mean of both networks' weights minus the mean accuracy of both networks, by seed."""
    table = pivot_by_seed(rows, "share", (0.0, 0.5, 1.0), "accuracy")
    return (table[0.5] - (table[0.0] + table[1.0]) / 2).tolist()


def loss_gap_slack(rows: pd.DataFrame) -> list[float]:
    """The smaller one of the loss gap and its bound minus the gap, by network."""
    return list(map(min, rows["gap"], rows["bound"] - rows["gap"]))


def log_loss_gaps(read: Read) -> pd.DataFrame:
    """Logarithm of CL's loss gap in the column `value`, at equal steps."""
    gaps = read("loss_gap").query("objective == 'cl' and gap > 0")
    moved = with_movement(read, gaps.assign(value=np.log(gaps["gap"])), ["steps"])
    return selected(moved, CLASSES, at_steps_of_most_classes)


def _gain(name: str, twin: str, statement: str, control: str, paper: dict[str, str], **facts: Any) -> list[Claim]:
    return [
        Claim(
            name if probe == "nccc" else f"{name}_{probe}",
            f"{statement} ({probe.upper()}).",
            f"{label} accuracy of {twin} minus that of cl, percentage points",
            control,
            difference_of("probes", twin, "cl", value="accuracy", where=f"probe == '{probe}'", names="objective"),
            experiments=("table1",),
            reads=("probes",),
            evidence="table1.csv",
            paper=paper.get(probe, "no number"),
            **facts,
        )
        for probe, label in PROBES.items()
    ]


CLAIMS = (
    *_gain(
        "labels_help",
        "nscl",
        "NSCL's features are better than CL's",
        "shuffled_labels_do_not_help: the same gain with shuffled labels",
        {"nccc": "6.1 on CIFAR-10"},
    ),
    *_gain(
        "shuffled_labels_do_not_help",
        "nscl_shuffled",
        "With shuffled labels NSCL's features gain less than one percentage point over CL's",
        "labels_help, of which this is the control",
        {},
        rule=ClaimRule(below=1),
        source="ours",
    ),
    _temperature(
        "accuracy_gap_and_temperature",
        "The accuracy gap of CL and NSCL shrinks as temperature rises.",
        "slope in log temperature of the linear probe's absolute gap, percentage points",
        "accuracy_and_temperature: a gap also shrinks where both lose accuracy",
        Quantity(linear_probes, accuracy_gap_slopes, ("temperature",), is_slope=True),
    ),
    _temperature(
        "accuracy_and_temperature",
        "CL's linear probe loses accuracy as temperature rises.",
        "slope of CL's linear-probe accuracy in log temperature, percentage points",
        "the precondition, at every temperature: no accuracy is lost where none was gained",
        slope_of(lambda read: linear_probes(read).query("objective == 'cl'"), "temperature"),
    ),
    Claim(
        "merging",
        "The mean of CL's and NSCL's weights is as good an encoder as either, within two percentage points.",
        "linear-probe accuracy at the middle minus the mean of both ends, batch norm re-estimated, percentage points",
        "the precondition; and batch norm re-estimated at every share, so that merged statistics play no part",
        Quantity(
            lambda read: read("merging").query("probe == 'lp' and batch_norm == 'reestimated'"), merged_minus_ends
        ),
        rule=ClaimRule(above=-2),
        experiments=("merging",),
        reads=("merging",),
        evidence="merging",
    ),
    *for_cka_and_rsa(
        "transformers",
        "With a vision transformer, too, NSCL follows CL better than SCL does (by {measure}).",
        f"{{measure}} of NSCL minus that of scl, {AT_THE_END}",
        twins_difference("nscl", "scl"),
        comparators=("scl",),
        control="the precondition: a transformer that learned nothing keeps all twins similar",
        experiments=("encoders",),
        evidence="encoders",
    ),
    Claim(
        "loss_gap_bound",
        "CL's loss exceeds NSCL's by no more than Luthra et al. (arXiv 2506.04411) prove, and never falls below it.",
        "the smaller one of gap and bound minus gap, over networks",
        "none: it is a theorem, and only a bug could refute it",
        Quantity(lambda read: read("loss_gap"), loss_gap_slack, NOT_DATASET),
        rule=EVERY_POSITIVE,
        experiments=("classes", "temperature"),
        reads=("loss_gap",),
        evidence="loss_gap",
        kind="check",
        needs_learning=False,
    ),
    Claim(
        "loss_gap_and_classes",
        "The loss gap falls with the number of classes (at equal steps); the theory predicts a slope of -1.",
        "slope in log C' of the logarithm of CL's loss minus NSCL's loss on the CL network",
        "the share of same-class images alone, which falls as 1/C': the bound in fig. loss_gap falls with it",
        slope_of(log_loss_gaps, "classes", CLASSES),
        rule=NEGATIVE,
        experiments=("classes",),
        reads=("loss_gap", "movement"),
        evidence="loss_gap",
    ),
)
