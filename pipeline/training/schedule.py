"""The learning rate: how it grows with the batch, and its course over a run."""

import math

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

    `linear`, `sqrt`, `fourth_root`, `constant`: base * (B/256)^p with p = 1, 1/2, 1/4, 0, so that all rules agree at
    256. `sqrt_published`, `fourth_root_published`: base * B^p / 256, which at B = 256 is 16 and 64 times smaller.
    """
    if rule not in _POWERS:
        raise ValueError(f"learning_rate_rule = {rule!r}: allowed is one of {', '.join(_POWERS)}")
    if rule.endswith("_published"):
        return float(base * batch_size ** _POWERS[rule] / REFERENCE_BATCH)
    return float(base * (batch_size / REFERENCE_BATCH) ** _POWERS[rule])


def learning_rate(step: int, steps_per_epoch: int, peak: float, warmup_epochs: int, horizon_epochs: int) -> float:
    """Learning rate of a step counted from 0.

    Linear warm-up that reaches `peak` at the warm-up's last step, then half a cosine that would reach 0 at the end of
    the horizon, which may be longer than the run; beyond the horizon 0.
    """
    warmup = warmup_epochs * steps_per_epoch
    if step < warmup:
        return peak * (step + 1) / warmup
    decay = horizon_epochs * steps_per_epoch - warmup
    if step - warmup >= decay:
        return 0.0
    return peak * (1 + math.cos(math.pi * (step - warmup) / decay)) / 2
