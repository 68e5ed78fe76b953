"""Claims on what changes the alignment of CL and NSCL: classes, temperature, batch size, length of training.

A sweep changes how far any two networks drift apart. Its values are therefore above the floor, run by run: the
similarity of NSCL with CL minus that of perturbed CL.
"""

import math
from collections.abc import Callable, Hashable
from functools import partial

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import NEGATIVE, Claim, Quantity, Read
from pipeline.reporting.claim_quantities import (
    ABOVE_FLOOR,
    FLOOR,
    SMALLEST_DIFFERENCE,
    above_floor,
    at_end,
    difference,
    for_cka_and_rsa,
    selected,
    slope_of,
    with_cl,
    with_movement,
)
from pipeline.reporting.trends import at_epochs_of_most_classes, at_steps_of_most_classes, log_slopes, slopes_by_seed

PLACE = 3
SHARED_BATCH = 256  # where all rules that are not as published have one learning rate
FLAT = ClaimRule(above=-0.01)  # figure 5 was read to 0.01
CLASSES = ("classes", "epochs", "warmup_epochs", "horizon_epochs")  # equal steps are more epochs of fewer classes
CKA_ABOVE_FLOOR = ABOVE_FLOOR.replace("{measure}", "CKA")
NO_FLOOR = f"{FLOOR}, whose similarity with CL is subtracted run by run"
_slopes = partial(for_cka_and_rsa, margin=None)
_batch = partial(Claim, experiments=("batch",), evidence="fig5_batch")


def above_floor_at_end(read: Read, similarity: str = "cka") -> pd.DataFrame:
    """Similarities above the floor at the last epoch of every run."""
    return at_end(above_floor(with_cl(read, similarity)))


def classes_slope(select: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[str], Quantity]:
    """Quantity of a similarity: its slope in log C', of the runs that `select` makes comparable."""

    def rows(read: Read, similarity: str) -> pd.DataFrame:
        ends = with_movement(read, above_floor_at_end(read, similarity), ["steps"])
        return selected(ends, CLASSES, select)

    return lambda similarity: slope_of(partial(rows, similarity=similarity), "classes", CLASSES)


def rule_slope(rule: str) -> Quantity:
    """Quantity: slope of CKA in log B, with one rule of the learning rate."""
    return slope_of(lambda read: above_floor_at_end(read).query(f"learning_rate_rule == '{rule}'"), "batch_size")


def published_rule_difference() -> Quantity:
    """Quantity: CKA with the square-root rule as published minus that with the linear rule, at B = 256."""
    rules = "sqrt_published", "linear"
    return Quantity(
        lambda read: above_floor_at_end(read).query(f"batch_size == {SHARED_BATCH} and learning_rate_rule in {rules}"),
        lambda rows: difference(rows, *rules, names="learning_rate_rule"),
        ("learning_rate_rule",),
    )


def normalised_slope_difference() -> Quantity:
    """Quantity: slope of CKA in log B with the square-root rule minus that with the linear rule, on the same sizes."""

    def slope_difference(rows: pd.DataFrame) -> list[float]:
        linear = rows.query("learning_rate_rule == 'linear'")
        sqrt = pd.concat([rows.query("learning_rate_rule == 'sqrt'"), linear.query("batch_size == @SHARED_BATCH")])
        of_sqrt, of_linear = _batch_slopes(sqrt), _batch_slopes(linear[linear["batch_size"].isin(sqrt["batch_size"])])
        return [of_sqrt[seed] - of_linear[seed] for seed in of_sqrt if seed in of_linear]

    return Quantity(
        lambda read: above_floor_at_end(read).query("learning_rate_rule in ('linear', 'sqrt')"),
        slope_difference,
        ("batch_size", "learning_rate_rule"),
        is_slope=True,
    )


def _batch_slopes(rows: pd.DataFrame) -> dict[Hashable, float]:
    return slopes_by_seed(rows.assign(log_batch=rows["batch_size"].map(math.log)), "log_batch", "value")


def late_slope(similarity: str) -> Quantity:
    """Quantity: slope of the similarity in log path length, from a path length on."""

    def rows(read: Read, late_path_length: float) -> pd.DataFrame:
        moved = with_movement(read, above_floor(with_cl(read, similarity)), ["path_length"])
        return moved[moved["path_length"] >= late_path_length]

    return Quantity(rows, lambda group: log_slopes(group, "path_length", "value"))


def lead_over_scl_and_ce(similarity: str) -> Quantity:
    """Quantity: similarity of NSCL minus the higher one of SCL and CE."""

    def lead(rows: pd.DataFrame) -> list[float]:
        return list(map(min, difference(rows, "nscl", "scl"), difference(rows, "nscl", "ce")))

    return Quantity(lambda read: at_end(with_cl(read, similarity)), lead)


def _more_classes(matched: str, select: Callable[[pd.DataFrame], pd.DataFrame], source: str) -> tuple[Claim, ...]:
    return _slopes(
        f"more_classes_{matched}",
        f"Alignment above the floor rises with the number of classes, at equal {matched} (by {{measure}}).",
        f"slope in log C' of {ABOVE_FLOOR}, of runs with the same number of {matched} as the run with most classes, "
        "test images",
        classes_slope(select),
        control="more_classes_steps: at equal epochs fewer classes are fewer steps, and less training",
        experiments=("classes",),
        reads=("alignment", "movement"),
        evidence="fig3_classes",
        source=source,
    )


def _as_published(name: str, scaling: str, statement: str, paper: str, control: str, rule: ClaimRule = FLAT) -> Claim:
    return _batch(
        name,
        f"{statement} as the batch grows.",
        f"slope in log B of {CKA_ABOVE_FLOOR}, learning_rate_rule {scaling}, test images at the last epoch",
        control,
        rule_slope(scaling),
        rule=rule,
        paper=f"{paper} on Mini-ImageNet",
    )


CLAIMS = (
    *_more_classes("epochs", at_epochs_of_most_classes, "paper"),
    *_more_classes("steps", at_steps_of_most_classes, "ours"),
    *_slopes(
        "higher_temperature",
        "Alignment above the floor rises with temperature (by {measure}).",
        f"slope in log temperature of {ABOVE_FLOOR}, test images at the last epoch",
        lambda similarity: slope_of(partial(above_floor_at_end, similarity=similarity), "temperature"),
        control="the precondition, at every temperature: networks that learn nothing remain similar",
        experiments=("temperature",),
        evidence="fig4_temperature",
        paper="0.853, 0.951, 0.966 on CIFAR-100",
    ),
    _as_published(
        "smaller_batches",
        "linear",
        "Under the linear rule alignment above the floor falls",
        "0.941, 0.914, 0.858",
        "the path length: under the linear rule it is the same for every batch size at equal epochs",
        rule=NEGATIVE,
    ),
    _as_published(
        "batches_sqrt_published",
        "sqrt_published",
        "Under the square-root rule as published alignment above the floor does not fall",
        "0.977, 0.981, 0.980",
        "the precondition: its rates are 16 times smaller, and networks that learn nothing remain similar",
    ),
    _as_published(
        "batches_fourth_root_published",
        "fourth_root_published",
        "Under the fourth-root rule as published alignment above the floor does not fall",
        "0.9953, 0.9946, 0.9958",
        "the precondition: its rates are 64 times smaller, and networks that learn nothing remain similar",
    ),
    _batch(
        "gentler_rules_published",
        "Square-root scaling as published keeps CL and NSCL closer at B = 256 than linear scaling.",
        f"{CKA_ABOVE_FLOOR}, with the square-root rule minus with the linear rule, test images at the last epoch",
        "gentler_rules_normalised: the published rule also trains with a rate 16 times smaller",
        published_rule_difference(),
        paper="0.977 - 0.941 on Mini-ImageNet",
        margin=SMALLEST_DIFFERENCE,
    ),
    _batch(
        "gentler_rules_normalised",
        "The gentler rule keeps its advantage when rules agree at B = 256.",
        f"slope in log B of {CKA_ABOVE_FLOOR}, with the square-root rule minus with the linear rule",
        "the same rate at B = 256 for both rules, so that neither trains less there",
        normalised_slope_difference(),
        source="ours",
    ),
    *_slopes(
        "longer_training",
        "Alignment of CL and NSCL above the floor declines late in training (by {measure}).",
        f"slope of {ABOVE_FLOOR} in log path length (sum of rate times trust coefficient over the steps), from "
        "{late_path_length:g} on, test images",
        late_slope,
        control=NO_FLOOR,
        rule=NEGATIVE,
        experiments=("duration",),
        reads=("alignment", "movement"),
        evidence="path_length",
        options=("late_path_length",),
    ),
    *for_cka_and_rsa(
        "order_kept_late",
        "At the end of the longest training NSCL is still closest to CL (by {measure}).",
        "{measure} of NSCL minus the higher one of SCL and CE, with CL on test images at the last epoch",
        lead_over_scl_and_ce,
        control="nscl_closer_than_scl and nscl_closer_than_ce, after a shorter training",
        comparators=("scl", "ce"),
        experiments=("duration",),
        evidence="duration",
        source="ours",
        paper="0.555 - 0.608 on Mini-ImageNet near epoch 1,200",
    ),
)
