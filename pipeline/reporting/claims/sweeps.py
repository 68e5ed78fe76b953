"""What moves the alignment of CL and NSCL: classes, temperature, batch size, epochs."""

from collections.abc import Callable

import pandas as pd

from pipeline.reporting.claim import NEGATIVE, Claim, Read, Values, by_data, by_dataset, difference, last, nscl, with_cl
from pipeline.reporting.slopes import at_equal_steps, slopes

PLACE = 3


def _at_last_epoch(swept: str) -> Callable[[Read], Values]:
    return lambda read: by_dataset(last(nscl(with_cl(read))), lambda rows: slopes(rows, swept, "value"))


def _classes_at_equal_steps(read: Read) -> Values:
    rows = read("bounds").query("split == 'test'")
    return by_dataset(rows, lambda own: slopes(at_equal_steps(own, "classes"), "classes", "cka"))


def _batches(read: Read) -> Values:
    rows = last(nscl(with_cl(read))).query("learning_rate_rule == 'linear'")
    return by_data(rows, lambda own: slopes(own, "batch_size", "value"))


def _published_rules(read: Read) -> Values:
    rows = last(nscl(with_cl(read))).query("batch_size == 256")
    return by_data(rows, lambda own: difference(own, "sqrt_published", "linear", "learning_rate_rule"))


def _normalised_rules(read: Read) -> Values:
    def of_slopes(rows: pd.DataFrame) -> list[float]:
        linear = rows.query("learning_rate_rule == 'linear'")
        at_256 = linear.query("batch_size == 256")  # where both rules are one
        sqrt = pd.concat([rows.query("learning_rate_rule == 'sqrt'"), at_256])
        linear = linear[linear["batch_size"].isin(sqrt["batch_size"])]
        pairs = zip(slopes(sqrt, "batch_size", "value"), slopes(linear, "batch_size", "value"), strict=True)
        return [of_sqrt - of_linear for of_sqrt, of_linear in pairs]

    return by_data(last(nscl(with_cl(read))), of_slopes)


def _late(read: Read, late: int) -> Values:
    rows = nscl(with_cl(read)).query("epoch >= @late")
    return by_data(rows, lambda own: slopes(own, "epoch", "value"))


def _order_kept(read: Read) -> Values:
    def lead(rows: pd.DataFrame) -> list[float]:
        return list(map(min, difference(rows, "nscl", "scl"), difference(rows, "nscl", "ce")))

    return by_data(last(with_cl(read)), lead)


CLAIMS = (
    Claim(
        "more_classes_epochs",
        "Alignment rises with the number of classes (at equal epochs).",
        "slope of CKA in log C'",
        _at_last_epoch("classes"),
        experiments=("classes",),
        evidence="fig3_classes",
    ),
    Claim(
        "more_classes_steps",
        "Alignment rises with the number of classes (at equal steps).",
        "slope of CKA in log C', each run at its kept epoch with the step count nearest to the smallest run's",
        _classes_at_equal_steps,
        experiments=("classes",),
        reads=("bounds",),
        evidence="fig3_classes",
        source="ours",
    ),
    Claim(
        "higher_temperature",
        "Alignment rises with temperature.",
        "slope of CKA in log temperature",
        _at_last_epoch("temperature"),
        experiments=("temperature",),
        evidence="fig4_temperature",
        paper="0.853, 0.951, 0.966 on CIFAR-100",
    ),
    Claim(
        "smaller_batches",
        "Under the linear rule alignment falls as the batch grows.",
        "slope of CKA in log B",
        _batches,
        rule=NEGATIVE,
        experiments=("batch",),
        evidence="fig5_batch",
        paper="0.941, 0.914, 0.858 on Mini-ImageNet",
    ),
    Claim(
        "gentler_rules_published",
        "Square-root scaling as published keeps CL and NSCL closer at B = 256 than linear scaling.",
        "CKA with the square-root rule less CKA with the linear rule",
        _published_rules,
        experiments=("batch",),
        evidence="fig5_batch",
        paper="0.977 - 0.941 on Mini-ImageNet",
    ),
    Claim(
        "gentler_rules_normalised",
        "The gentler rule keeps its advantage when rules agree at B = 256.",
        "slope of CKA in log B with the square-root rule less that with the linear rule",
        _normalised_rules,
        experiments=("batch",),
        evidence="fig5_batch",
        source="ours",
    ),
    Claim(
        "longer_training",
        "Alignment of CL and NSCL declines late in training.",
        "slope of CKA in log epoch, from epoch {late} on",
        _late,
        rule=NEGATIVE,
        experiments=("duration",),
        evidence="duration",
        options=("late",),
    ),
    Claim(
        "order_kept_late",
        "Late in training NSCL is still closest to CL.",
        "CKA of NSCL less the higher one of SCL and CE at the last epoch",
        _order_kept,
        experiments=("duration",),
        evidence="duration",
        source="ours",
        paper="0.555 - 0.608 on Mini-ImageNet near epoch 1,200",
    ),
)
