"""Learning rate: its growth with the batch size, and its course over a run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.config.run import Run

if TYPE_CHECKING:
    import pandas as pd

REFERENCE_BATCH = 256  # the batch size at which the base rate holds under every rule

_POWERS = {
    "linear": 1.0,
    "sqrt": 0.5,
    "fourth_root": 0.25,
    "constant": 0.0,
    "sqrt_published": 0.5,
    "fourth_root_published": 0.25,
}


def scaled_learning_rate(base: float, batch_size: int, rule: str) -> float:
    """Peak learning rate of a batch size.

    Args:
        base: learning rate at a batch of 256.
        batch_size: B.
        rule: `linear`, `sqrt`, `fourth_root`, `constant`: base * (B/256)^p with p = 1, 1/2, 1/4, 0; all agree at 256.
            `sqrt_published`, `fourth_root_published`: base * B^p / 256, at B = 256 16 and 64 times smaller.

    Raises:
        ValueError: `rule` is another word.
    """
    if rule not in _POWERS:
        raise ValueError(f"learning_rate_rule: expected one of {', '.join(_POWERS)}, got {rule!r}")
    if rule.endswith("_published"):
        return float(base * batch_size ** _POWERS[rule] / REFERENCE_BATCH)
    return float(base * (batch_size / REFERENCE_BATCH) ** _POWERS[rule])


def learning_rate(step: int, steps_per_epoch: int, peak: float, warmup_epochs: int, horizon_epochs: int) -> float:
    """Learning rate of a step counted from 0.

    Linear warm-up that reaches `peak` at its last step, then half a cosine that reaches 0 at the end of the horizon,
    which may be longer than the run; 0 beyond the horizon.
    """
    warmup = warmup_epochs * steps_per_epoch
    if step < warmup:
        return peak * (step + 1) / warmup
    decay = horizon_epochs * steps_per_epoch - warmup
    if step - warmup >= decay:
        return 0.0
    return peak * (1 + math.cos(math.pi * (step - warmup) / decay)) / 2


def released_learning_rate(epoch: int, peak: float, warmup_epochs: int, horizon_epochs: int) -> float:
    """Learning rate of all steps of an epoch counted from 0, as the released code sets it.

    peak * min(1, (e + 1) / warm-up) * (1 + cos(pi e / horizon)) / 2: the cosine falls from the first epoch, so that the
    peak itself is never quite reached; 0 from the horizon.
    """
    if epoch >= horizon_epochs:
        return 0.0
    warmup = min(1.0, (epoch + 1) / max(warmup_epochs, 1))
    return peak * warmup * (1 + math.cos(math.pi * epoch / horizon_epochs)) / 2


def rate_of(run: Run, epoch: int, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a run's step; epoch and step of the epoch count from 1."""
    peak = scaled_learning_rate(run.learning_rate, run.batch_size, run.learning_rate_rule)
    if run.schedule == "released_code":
        return released_learning_rate(epoch - 1, peak, run.warmup_epochs, run.horizon)
    before = (epoch - 1) * steps_per_epoch + step - 1
    return learning_rate(before, steps_per_epoch, peak, run.warmup_epochs, run.horizon)


def path_length(run: Run, learning_rates: Iterable[float]) -> float:
    """Path length of steps at these learning rates.

    LARS: the sum of rate * trust coefficient, so that runs with different coefficients compare; a step without momentum
    moves a tensor by that share of its norm. Plain SGD: the sum of the rates, the theory's sum of eta.
    """
    return math.fsum(learning_rates) * (run.trust_coefficient if run.optimiser == "lars" else 1.0)


def learning_rates(steps: pd.DataFrame, objective: str) -> list[float]:
    """Learning rate of every step, from a run's table of steps; all its twins have the same."""
    rates: list[float] = steps.loc[steps["objective"] == objective, "learning_rate"].tolist()
    return rates
