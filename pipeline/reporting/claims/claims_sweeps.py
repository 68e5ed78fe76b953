"""Claims on what changes the alignment of CL and NSCL: classes, temperature, batch size, length of training."""

import math
from collections.abc import Callable, Hashable
from functools import partial

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import NEGATIVE, Claim, Read, Values, values_by_setting
from pipeline.reporting.claim_quantities import (
    NSCL_AT_END,
    Quantity,
    at_end,
    difference,
    difference_of,
    for_cka_and_rsa,
    of_nscl,
    slope_of,
    with_cl,
    with_movement,
)
from pipeline.reporting.trends import at_epochs_of_most_classes, at_steps_of_most_classes, log_slopes, slopes_by_seed

PLACE = 3
SHARED_BATCH = 256  # where all rules that are not as published have one learning rate
FLAT = ClaimRule(above=-0.01)  # figure 5 was read to 0.01
CLASSES = ("classes", "epochs", "warmup_epochs", "horizon_epochs")  # equal steps are more epochs of fewer classes
_slopes = partial(for_cka_and_rsa, bounded=False)
_batch = partial(Claim, experiments=("batch",), evidence="fig5_batch")


def classes_slope(select: Callable[[pd.DataFrame], pd.DataFrame]) -> Quantity:
    """Quantity: slope of the similarity in log C', of the runs that `select` makes comparable."""

    def slope(read: Read, similarity: str) -> Values:
        rows = with_movement(read, at_end(of_nscl(with_cl(read, similarity))), ["steps"])
        return values_by_setting(rows, lambda group: log_slopes(select(group), "classes", "value"), swept=CLASSES)

    return slope


def normalised_slope_difference(read: Read) -> Values:
    """Slope of CKA in log B with the square-root rule minus that with the linear rule, on the same batch sizes."""

    def slope_difference(rows: pd.DataFrame) -> list[float]:
        linear = rows.query("learning_rate_rule == 'linear'")
        sqrt = pd.concat([rows.query("learning_rate_rule == 'sqrt'"), linear.query("batch_size == @SHARED_BATCH")])
        of_sqrt, of_linear = _batch_slopes(sqrt), _batch_slopes(linear[linear["batch_size"].isin(sqrt["batch_size"])])
        return [of_sqrt[seed] - of_linear[seed] for seed in of_sqrt if seed in of_linear]

    swept = ("batch_size", "learning_rate_rule")
    return values_by_setting(at_end(of_nscl(with_cl(read))), slope_difference, swept)


def _batch_slopes(rows: pd.DataFrame) -> dict[Hashable, float]:
    return slopes_by_seed(rows.assign(log_batch=rows["batch_size"].map(math.log)), "log_batch", "value")


def late_slope(read: Read, similarity: str, late_path_length: float) -> Values:
    """Slope of the similarity in log path length, from a path length on."""
    rows = with_movement(read, of_nscl(with_cl(read, similarity)), ["path_length"])
    late_rows = rows[rows["path_length"] >= late_path_length]
    return values_by_setting(late_rows, lambda group: log_slopes(group, "path_length", "value"))


def lead_over_scl_and_ce(read: Read, similarity: str) -> Values:
    """Similarity of NSCL minus the higher one of SCL and CE."""

    def lead(rows: pd.DataFrame) -> list[float]:
        return list(map(min, difference(rows, "nscl", "scl"), difference(rows, "nscl", "ce")))

    return values_by_setting(at_end(with_cl(read, similarity)), lead)


def _more_classes(matched: str, select: Callable[[pd.DataFrame], pd.DataFrame], source: str) -> tuple[Claim, ...]:
    return _slopes(
        f"more_classes_{matched}",
        f"Alignment rises with the number of classes, at equal {matched} (by {{measure}}).",
        f"slope of {{measure}} in log C', of runs with the same number of {matched} as the run with most classes, test "
        "images",
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
        f"slope of CKA in log B, learning_rate_rule {scaling}, test images at the last epoch",
        control,
        slope_of("alignment", "batch_size", where=f"learning_rate_rule == '{scaling}' and {NSCL_AT_END}"),
        rule=rule,
        paper=f"{paper} on Mini-ImageNet",
    )


CLAIMS = (
    *_more_classes("epochs", at_epochs_of_most_classes, "paper"),
    *_more_classes("steps", at_steps_of_most_classes, "ours"),
    *_slopes(
        "higher_temperature",
        "Alignment rises with temperature (by {measure}).",
        "slope of {measure} in log temperature, test images at the last epoch",
        slope_of("alignment", "temperature"),
        control="the precondition, at every temperature: networks that learn nothing remain similar",
        experiments=("temperature",),
        evidence="fig4_temperature",
        paper="0.853, 0.951, 0.966 on CIFAR-100",
    ),
    _as_published(
        "smaller_batches",
        "linear",
        "Under the linear rule alignment falls",
        "0.941, 0.914, 0.858",
        "the path length: under the linear rule it is the same for every batch size at equal epochs",
        rule=NEGATIVE,
    ),
    _as_published(
        "batches_sqrt_published",
        "sqrt_published",
        "Under the square-root rule as published alignment does not fall",
        "0.977, 0.981, 0.980",
        "the precondition: its rates are 16 times smaller, and networks that learn nothing remain similar",
    ),
    _as_published(
        "batches_fourth_root_published",
        "fourth_root_published",
        "Under the fourth-root rule as published alignment does not fall",
        "0.9953, 0.9946, 0.9958",
        "the precondition: its rates are 64 times smaller, and networks that learn nothing remain similar",
    ),
    _batch(
        "gentler_rules_published",
        "Square-root scaling as published keeps CL and NSCL closer at B = 256 than linear scaling.",
        "CKA with the square-root rule minus CKA with the linear rule, test images at the last epoch",
        "gentler_rules_normalised: the published rule also trains with a rate 16 times smaller",
        difference_of(
            "alignment",
            "sqrt_published",
            "linear",
            where=f"batch_size == {SHARED_BATCH} and {NSCL_AT_END}",
            names="learning_rate_rule",
            swept=("learning_rate_rule",),
        ),
        paper="0.977 - 0.941 on Mini-ImageNet",
        scale="fisher",
    ),
    _batch(
        "gentler_rules_normalised",
        "The gentler rule keeps its advantage when rules agree at B = 256.",
        "slope of CKA in log B with the square-root rule minus that with the linear rule",
        "the same rate at B = 256 for both rules, so that neither trains less there",
        normalised_slope_difference,
        precondition_rows=lambda rows: rows[rows["learning_rate_rule"].isin(("linear", "sqrt"))],
        source="ours",
    ),
    *_slopes(
        "longer_training",
        "Alignment of CL and NSCL declines late in training (by {measure}).",
        "slope of {measure} in log path length (sum of rate times trust coefficient over the steps), from "
        "{late_path_length:g} on, test images",
        late_slope,
        control="fig. fig2_trajectory: whether independent-data CL (cl_independent) declines as well",
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
        experiments=("duration",),
        evidence="duration",
        source="ours",
        paper="0.555 - 0.608 on Mini-ImageNet near epoch 1,200",
    ),
)
