"""What the theorems promise for a setting."""

import math
from dataclasses import dataclass, fields
from typing import Any

from tabulate import tabulate

from twin_alignment.errors import InputError
from twin_alignment.theory.theorem_bounds import (
    LOG_TWO,
    epsilon,
    is_nonexpansive,
    log_limit,
    log_mismatch,
    log_mismatch_sharp,
    log_nonexpansive,
    log_telescoped,
    log_theorem1,
)

LARGEST_LOG = math.log(1.7e308)  # of a float64
MOST, LEAST, LARGEST = 10**15, 1e-50, 1e50  # far beyond any setting, and no power or product of them overflows


@dataclass(frozen=True)
class Promise:
    """Natural logarithms; None where the bound's condition does not hold. With probability 1 - delta, T steps."""

    epsilon: float
    delta_mismatch: float  # the paper's Delta
    theorem1: float
    telescoped: float
    nonexpansive: float | None  # needs a rate of at most 4 tau^2 B
    delta_mismatch_sharp: float  # Delta' <= Delta, never above 2
    theorem1_sharp: float
    telescoped_sharp: float
    nonexpansive_sharp: float | None


def promise(classes: int, batch: int, temperature: float, learning_rate: float, steps: int, delta: float) -> Promise:
    """Of balanced classes and a constant rate; raises InputError naming a wrong argument."""
    positive = f"{LEAST:g} to {LARGEST:g}"
    for name, value, good, allowed in (
        ("classes", classes, 2 <= classes <= MOST, f"2 to {MOST:g}"),
        ("batch", batch, 2 <= batch <= MOST, f"2 to {MOST:g}"),
        ("temperature", temperature, LEAST <= temperature <= LARGEST, positive),
        ("learning-rate", learning_rate, LEAST <= learning_rate <= LARGEST, positive),
        ("steps", steps, 1 <= steps <= MOST, f"1 to {MOST:g}"),
        ("delta", delta, LEAST <= delta < 1, f"{LEAST:g} to below 1"),
    ):
        if not good:
            raise InputError(f"--{name} = {value}: allowed is {allowed}")
    return promise_of(1 / classes, batch, temperature, learning_rate * steps, learning_rate, steps, delta)


def promise_of(
    largest_class: float,
    batch: int,
    temperature: float,
    sum_of_rates: float,
    largest_rate: float,
    steps: int,
    delta: float,
) -> Promise:
    """All bounds on |S_T^CL - S_T^NSCL|_F of similarity descent, for the largest share of a class among the images."""
    slack = epsilon(batch, steps, delta)
    share = largest_class + slack
    published, sharp = log_mismatch(share, temperature), log_mismatch_sharp(share, temperature)
    nonexpansive = is_nonexpansive(largest_rate, temperature, batch)
    setting = (sum_of_rates, temperature, batch)
    return Promise(
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


def as_json(found: Promise) -> dict[str, float | None]:
    """Each bound, null where it overflows or does not hold; `_log`, its natural logarithm, null where that is infinite
    or the bound does not hold."""
    values: dict[str, float | None] = {}
    for field in fields(found):
        log: float | None = getattr(found, field.name)
        values[field.name] = math.exp(log) if log is not None and log < LARGEST_LOG else None
        values[f"{field.name}_log"] = log if log is not None and math.isfinite(log) else None
    return values


def as_text(found: Promise) -> str:
    """For a reader: each bound with the published and the sharper Delta, and for how many images it says anything."""
    labels = {"nonexpansive": "non-expansive", "telescoped": "telescoped", "theorem1": "Theorem 1"}
    rows: list[list[Any]] = []
    for name, label in labels.items():
        for suffix, how in (("", "published Δ"), ("_sharp", "sharper Δ′")):
            log = getattr(found, f"{name}{suffix}")
            rows.append([label, how, _number(log), _images(log)])
    return "\n".join(
        [
            f"ε = {_number(found.epsilon)}, Δ = {_number(found.delta_mismatch)}"
            + (
                " (above 2, the largest difference of two distributions: vacuous)"
                if found.delta_mismatch > LOG_TWO
                else ""
            )
            + f", Δ′ = {_number(found.delta_mismatch_sharp)}",
            "",
            tabulate(
                rows,
                ["bound", "with", "‖Σ_CL − Σ_NSCL‖ at most", "says nothing below this N"],
                disable_numparse=True,
            ),
            "",
            "Cosine matrices of N images are never further apart than √2 N in the Frobenius norm: a bound of √2 N or",
            "more says nothing. The theorems are about similarity descent, not about training (docs/theory.md).",
        ]
    )


def _number(log: float | None) -> str:
    if log is None:
        return "not claimed: the rate is above 4 τ² B"
    if math.isinf(log):
        return "infinite" if log > 0 else "0"
    return f"{math.exp(log):.4g}" if log < LARGEST_LOG else f"e^{log:.4g}"


def _images(log: float | None) -> str:
    if log is None:
        return "–"
    if not math.isfinite(log):
        return "any number"
    images = log - log_limit(1)
    return f"{math.ceil(math.exp(images)):,}" if images < math.log(1e9) else _number(images)
