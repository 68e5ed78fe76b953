"""Bounds on the distance of CL and NSCL in one setting."""

import json
import math
from dataclasses import dataclass, fields

from twin_alignment.errors import InputError
from twin_alignment.theory.theorem_bounds import (
    epsilon,
    is_nonexpansive,
    log_mismatch,
    log_mismatch_sharp,
    log_nonexpansive,
    log_telescoped,
    log_theorem1,
)

MAX_LOG = math.log(1.7e308)  # of a float64
MAX_COUNT, MIN_NUMBER, MAX_NUMBER = 10**15, 1e-50, 1e50  # no power or product of them overflows


@dataclass(frozen=True)
class TheoremBounds:
    """Bounds on |S_T^CL - S_T^NSCL|_F of similarity descent, as natural logarithms, with probability 1 - delta.

    Attributes:
        epsilon: slack of a class's share of a batch (Corollary 3).
        delta_mismatch: the paper's Delta.
        theorem1: Theorem 1.
        telescoped: the paper's recurrence, summed.
        nonexpansive: the form for rates of at most 4 tau^2 B. None: the rate is above.
        delta_mismatch_sharp: Delta' <= Delta, at most log 2.
        theorem1_sharp: Theorem 1 with Delta'.
        telescoped_sharp: `telescoped` with Delta'.
        nonexpansive_sharp: `nonexpansive` with Delta'.
    """

    epsilon: float
    delta_mismatch: float
    theorem1: float
    telescoped: float
    nonexpansive: float | None
    delta_mismatch_sharp: float
    theorem1_sharp: float
    telescoped_sharp: float
    nonexpansive_sharp: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Return each bound, None where it overflows or does not hold; `_log`, its logarithm, None where infinite."""
        values: dict[str, float | None] = {}
        for field in fields(self):
            log: float | None = getattr(self, field.name)
            values[field.name] = math.exp(log) if log is not None and log < MAX_LOG else None
            values[f"{field.name}_log"] = log if log is not None and math.isfinite(log) else None
        return values

    def to_json(self) -> str:
        """Return `to_dict()` as JSON."""
        return json.dumps(self.to_dict(), indent=2)

    def __str__(self) -> str:
        from twin_alignment.theory.guarantee_text import guarantee_text  # noqa: PLC0415

        return guarantee_text(self)


def bound(
    classes: int, batch: int, temperature: float, learning_rate: float, steps: int, delta: float
) -> TheoremBounds:
    """Bounds for balanced classes and a constant rate (Theorem 1, Corollary 3, and the forms of docs/theory.md).

    Args:
        classes: number of classes, of equal size.
        batch: anchors a step, B.
        temperature: tau of the softmax.
        learning_rate: constant rate of similarity descent.
        steps: number of steps, T.
        delta: probability that the bound fails.

    Returns:
        All forms, as natural logarithms; `str()` of it is a table for a reader.

    Raises:
        InputError: an argument is out of its range.

    Example:
        >>> bounds = bound(classes=10, batch=1024, temperature=0.5, learning_rate=0.1, steps=100, delta=0.01)
        >>> bounds.theorem1_sharp <= bounds.theorem1
        True
    """
    numbers = f"{MIN_NUMBER:g} to {MAX_NUMBER:g}"
    for name, value, good, expected in (
        ("classes", classes, 2 <= classes <= MAX_COUNT, f"2 to {MAX_COUNT:g}"),
        ("batch", batch, 2 <= batch <= MAX_COUNT, f"2 to {MAX_COUNT:g}"),
        ("temperature", temperature, MIN_NUMBER <= temperature <= MAX_NUMBER, numbers),
        ("learning_rate", learning_rate, MIN_NUMBER <= learning_rate <= MAX_NUMBER, numbers),
        ("steps", steps, 1 <= steps <= MAX_COUNT, f"1 to {MAX_COUNT:g}"),
        ("delta", delta, MIN_NUMBER <= delta < 1, f"{MIN_NUMBER:g} to below 1"),
    ):
        if not good:
            raise InputError(f"{name} = {value}: expected {expected}")
    return bound_of_schedule(1 / classes, batch, temperature, learning_rate * steps, learning_rate, steps, delta)


def bound_of_schedule(
    largest_class: float,
    batch: int,
    temperature: float,
    sum_of_rates: float,
    largest_rate: float,
    steps: int,
    delta: float,
) -> TheoremBounds:
    """Bounds for classes of any size and any schedule of rates.

    Args:
        largest_class: largest share of a class among the images, in (0, 1).
        batch: anchors a step.
        temperature: tau of the softmax.
        sum_of_rates: sum of the learning rates of all steps.
        largest_rate: largest of them.
        steps: number of steps.
        delta: probability that the bound fails.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> bound_of_schedule(0.1, 1024, 0.5, 10.0, 0.1, 100, 0.01) == bound(10, 1024, 0.5, 0.1, 100, 0.01)
        True
    """
    slack = epsilon(batch, steps, delta)
    share = largest_class + slack
    published, sharp = log_mismatch(share, temperature), log_mismatch_sharp(share, temperature)
    nonexpansive = is_nonexpansive(largest_rate, temperature, batch)
    setting = (sum_of_rates, temperature, batch)
    return TheoremBounds(
        epsilon=math.log(slack),
        delta_mismatch=published,
        theorem1=log_theorem1(published, *setting),
        telescoped=log_telescoped(published, *setting),
        nonexpansive=log_nonexpansive(published, *setting) if nonexpansive else None,
        delta_mismatch_sharp=sharp,
        theorem1_sharp=log_theorem1(sharp, *setting),
        telescoped_sharp=log_telescoped(sharp, *setting),
        nonexpansive_sharp=log_nonexpansive(sharp, *setting) if nonexpansive else None,
    )
