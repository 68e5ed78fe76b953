"""Claims on the features of CL and NSCL: with labels, temperature, merged weights, transformers; and the loss gap."""

from functools import partial
from typing import Any

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import (
    EVERY_POSITIVE,
    NEGATIVE,
    NOT_DATASET,
    Claim,
    Read,
    Values,
    values_by_setting,
)
from pipeline.reporting.claim_quantities import (
    AT_THE_END,
    difference_of,
    for_cka_and_rsa,
    pivot_by_seed,
    slope_of,
    with_movement,
)
from pipeline.reporting.claims.claims_sweeps import CLASSES
from pipeline.reporting.trends import at_steps_of_most_classes, log_slopes

PLACE = 4
PROBES = {"nccc": "nearest-class-centre", "lp": "linear-probe"}
_temperature = partial(
    Claim, rule=NEGATIVE, experiments=("temperature",), reads=("probes",), evidence="accuracy_by_temperature"
)


def accuracy_gap_slope(read: Read) -> Values:
    """Slope in log temperature of the absolute gap of CL's and NSCL's linear probes."""

    def slopes(rows: pd.DataFrame) -> list[float]:
        table = rows.pivot_table(index=["seed", "temperature"], columns="objective", values="accuracy").reset_index()
        if not {"cl", "nscl"} <= set(table):
            return []
        return log_slopes(table.assign(gap=(table["nscl"] - table["cl"]).abs()), "temperature", "gap")

    return values_by_setting(read("probes").query("probe == 'lp'"), slopes, swept=("temperature",))


def merged_minus_ends(read: Read) -> Values:
    """Accuracy of the mean of both networks' weights minus the mean accuracy of both networks."""

    def gain(rows: pd.DataFrame) -> list[float]:
        table = pivot_by_seed(rows, "share", (0.0, 0.5, 1.0), "accuracy")
        return (table[0.5] - (table[0.0] + table[1.0]) / 2).tolist()

    return values_by_setting(read("merging").query("probe == 'lp' and batch_norm == 'reestimated'"), gain)


def loss_gap_slack(read: Read) -> Values:
    """The smaller one of the loss gap and its bound minus the gap."""
    rows = read("loss_gap")
    slack = pd.concat([rows["gap"], rows["bound"] - rows["gap"]], axis=1).min(axis=1)
    return values_by_setting(rows.assign(slack=slack), lambda group: group["slack"].tolist(), swept=NOT_DATASET)


def loss_gap_slope(read: Read) -> Values:
    """Slope of the loss gap in log C' at equal steps."""
    rows = with_movement(read, read("loss_gap").query("objective == 'cl'"), ["steps"])
    return values_by_setting(
        rows, lambda group: log_slopes(at_steps_of_most_classes(group), "classes", "gap"), swept=CLASSES
    )


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
        accuracy_gap_slope,
    ),
    _temperature(
        "accuracy_and_temperature",
        "CL's linear probe loses accuracy as temperature rises.",
        "slope of CL's linear-probe accuracy in log temperature, percentage points",
        "the precondition, at every temperature: no accuracy is lost where none was gained",
        slope_of("probes", "temperature", value="accuracy", where="probe == 'lp' and objective == 'cl'"),
    ),
    Claim(
        "merging",
        "The mean of CL's and NSCL's weights is as good an encoder as either, within two percentage points.",
        "linear-probe accuracy at the middle minus the mean of both ends, batch norm re-estimated, percentage points",
        "the precondition; and batch norm re-estimated at every share, so that merged statistics play no part",
        merged_minus_ends,
        rule=ClaimRule(above=-2),
        experiments=("merging",),
        reads=("merging",),
        evidence="merging",
    ),
    *for_cka_and_rsa(
        "transformers",
        "With a vision transformer, too, NSCL follows CL better than SCL does (by {measure}).",
        f"{{measure}} of NSCL minus that of scl, {AT_THE_END}",
        difference_of("alignment", "nscl", "scl"),
        control="the precondition: a transformer that learned nothing keeps all twins similar",
        experiments=("encoders",),
        evidence="encoders",
    ),
    Claim(
        "loss_gap_bound",
        "CL's loss exceeds NSCL's by no more than Luthra et al. (arXiv 2506.04411) prove, and never falls below it.",
        "the smaller one of gap and bound minus gap, over networks",
        "none: it is a theorem, and only a bug could refute it",
        loss_gap_slack,
        rule=EVERY_POSITIVE,
        experiments=("classes", "temperature"),
        reads=("loss_gap",),
        evidence="loss_gap",
        kind="check",
        needs_learning=False,
    ),
    Claim(
        "loss_gap_and_classes",
        "The loss gap falls with the number of classes (at equal steps).",
        "slope in log C' of CL's loss minus NSCL's loss on the CL network",
        "the share of same-class images alone, which falls as 1/C': the bound in fig. loss_gap falls with it",
        loss_gap_slope,
        rule=NEGATIVE,
        experiments=("classes",),
        reads=("loss_gap", "movement"),
        evidence="loss_gap",
    ),
)
