"""Bounds on the drift of CL and NSCL under similarity descent, in natural logarithms so that nothing overflows.

Symbols: B anchors a step, temperature tau, rates eta_t, f the largest share of one class in any batch, Delta the
mismatch of a step. docs/theory.md states and proves what is sharper here than in the paper.
"""

import math

import numpy as np

LOG_TWO = math.log(2.0)


def log_limit(rows: int) -> float:
    """log of sqrt(2) N: matrices of cosine similarities of N rows are never further apart in the Frobenius norm.

    A bound which reaches this says nothing. It is reached where one of them is rank one with half of its rows opposite.
    """
    _check("rows", rows, rows >= 1, "at least 1")
    return LOG_TWO / 2 + math.log(rows)


def epsilon(batch: int, steps: int, delta: float) -> float:
    """sqrt(log(T B / delta) / (2 B)): excess of a class's share of a batch over its share of the data.

    It is exceeded in any of T batches with probability at most delta (Corollary 3, Hoeffding with a union bound over
    anchors and steps).

    Args:
        batch: anchors a step, B.
        steps: number of steps, T.
        delta: probability, in (0, 1).

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> round(epsilon(batch=1024, steps=100, delta=0.01), 4)
        0.0888
    """
    _check("batch", batch, batch >= 1, "at least 1")
    _check("steps", steps, steps >= 1, "at least 1")
    _check("delta", delta, 0 < delta < 1, "above 0 and below 1")
    return math.sqrt(math.log(steps * batch / delta) / (2 * batch))


def epsilon_exact(largest_class: float, classes: int, batch: int, steps: int, delta: float) -> float:
    """Excess of a class's share of a batch as `epsilon` bounds it, from the binomial distribution itself.

    Images of a batch are drawn independently. With k the smallest count that T C P(Binomial(B, pi_max) > k) <= delta
    allows (a union bound over classes and steps), it is k / B - pi_max.

    Args:
        largest_class: largest share of a class among the images, pi_max, in (0, 1).
        classes: number of classes, C.
        batch: images a step, B.
        steps: number of steps, T.
        delta: probability, in (0, 1).

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> round(epsilon_exact(largest_class=0.01, classes=100, batch=1024, steps=100, delta=0.01), 4)
        0.0183
    """
    _check("largest_class", largest_class, 0 < largest_class < 1, "above 0 and below 1")
    _check("classes", classes, classes >= 1, "at least 1")
    _check("batch", batch, batch >= 1, "at least 1")
    _check("steps", steps, steps >= 1, "at least 1")
    _check("delta", delta, 0 < delta < 1, "above 0 and below 1")
    count = float(_smallest_count(largest_class, batch, delta / (steps * classes)))
    return count / batch - largest_class


def _smallest_count(share: float, batch: int, tail: float) -> int:
    """Smallest k with P(Binomial(B, share) > k) <= tail."""
    from scipy.special import bdtrc  # noqa: PLC0415  (a tenth of a second that other bounds do without)

    low, high = 0, batch
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if bdtrc(middle, batch, share) <= tail else (middle + 1, high)
    return low


def log_mismatch(share: float, temperature: float) -> float:
    """log Delta, Delta = 2 e^{2/tau} f / (1 - f), for f = pi_max + epsilon (the paper's) or an observed share.

    Bounds |p^CL - p^NSCL|_1 of every anchor while all similarities are in [-1, 1]. Infinite from f = 1 on, where a
    batch may hold one class only; -inf at f = 0.
    """
    return LOG_TWO + _log_odds(share, temperature)


def log_mismatch_sharp(share: float, temperature: float) -> float:
    """log Delta', Delta' = 2 f e^{2/tau} / (1 - f + f e^{2/tau}): bounds what Delta bounds, is never above it, and is
    below 2 (to rounding) for every f < 1. From f = 1 on 2, the largest 1-norm between two distributions."""
    return LOG_TWO - _log1pexp(-_log_odds(share, temperature))


def log_nonexpansive(log_delta: float, sum_rates: float, temperature: float, batch: int) -> float:
    """log of (sum_t eta_t) Delta / (tau sqrt(B)).

    Holds where every eta_t <= 4 tau^2 B (`is_nonexpansive`), which the caller checks.
    """
    _check_temperature(temperature)
    _check("sum of rates", sum_rates, sum_rates > 0, "above 0")
    return math.log(sum_rates) + log_delta - math.log(temperature) - math.log(batch) / 2


def is_nonexpansive(rate: float, temperature: float, batch: int) -> bool:
    """eta <= 4 tau^2 B = 2/L: no step of the convex, L-smooth batch loss brings two points further apart."""
    return rate <= 4 * temperature**2 * batch


def log_telescoped(log_delta: float, sum_rates: float, temperature: float, batch: int) -> float:
    """log of 2 tau sqrt(B) Delta (e^x - 1), x = sum_t eta_t / (2 tau^2 B): the paper's recurrence, summed."""
    x = _exponent(sum_rates, temperature, batch)
    return math.log(2 * temperature) + math.log(batch) / 2 + log_delta + log_expm1(x)


def log_theorem1(log_delta: float, sum_rates: float, temperature: float, batch: int) -> float:
    """log of e^x (sum_t eta_t) Delta / (tau sqrt(B)), x = sum_t eta_t / (2 tau^2 B) (Theorem 1)."""
    x = _exponent(sum_rates, temperature, batch)
    return x + log_nonexpansive(log_delta, sum_rates, temperature, batch)


def certificate(mean_square_mass: np.ndarray, rates: np.ndarray, temperature: float, anchors: int) -> np.ndarray:
    """Bound on the drift after each step [T], from CL's same-class softmax masses q.

    The running sum of eta_t sqrt(2 sum_i q_it^2) / (tau n), for n anchors with mean square mass [T]. Needs only
    eta_t <= 4 tau^2 n.
    """
    _check_temperature(temperature)
    return np.cumsum(np.asarray(rates) * np.sqrt(2 * np.asarray(mean_square_mass) / anchors) / temperature)


def corollary1(rho: float) -> float:
    """(1 - rho)/(1 + rho), at most CKA for rho = |K^CL - K^NSCL|_F / |K^CL|_F; NaN from rho = 1 on: no bound.

    Example:
        >>> round(corollary1(0.5), 4)
        0.3333
    """
    return _shrinkage("rho", rho)


def corollary2(r: float) -> float:
    """(1 - r)/(1 + r), at most RSA; NaN from r = 1 on: no bound.

    Example:
        >>> round(corollary2(0.5), 4)
        0.3333
    """
    return _shrinkage("r", r)


def _shrinkage(name: str, ratio: float) -> float:
    """(1 - x)/(1 + x) below 1, NaN from 1 on."""
    _check(name, ratio, ratio >= 0, "at least 0")
    return (1 - ratio) / (1 + ratio) if ratio < 1 else math.nan


def sharp_bound(ratio: float) -> float:
    """sqrt(1 - ratio^2), at most CKA for rho and at most RSA for r: never below the corollaries. NaN from 1 on.

    Example:
        >>> round(sharp_bound(0.6), 4)
        0.8
    """
    _check("ratio", ratio, ratio >= 0, "at least 0")
    return math.sqrt(1 - ratio**2) if ratio < 1 else math.nan


def log_expm1(x: float) -> float:
    """log(e^x - 1) for x > 0 of any size."""
    return x + math.log(-math.expm1(-x))


def _log_odds(share: float, temperature: float) -> float:
    """log of e^{2/tau} f / (1 - f), the largest odds of the same-class mass; +-inf at f = 1 and beyond, and at 0."""
    _check_temperature(temperature)
    _check("share", share, share >= 0, "at least 0")
    if share >= 1:
        return math.inf
    return 2 / temperature + math.log(share) - math.log1p(-share) if share else -math.inf


def _log1pexp(x: float) -> float:
    """log(1 + e^x) for x of any size."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _exponent(sum_rates: float, temperature: float, batch: int) -> float:
    _check_temperature(temperature)
    _check("sum of rates", sum_rates, sum_rates > 0, "above 0")
    _check("batch", batch, batch >= 1, "at least 1")
    return sum_rates / (2 * temperature**2 * batch)


def _check_temperature(temperature: float) -> None:
    _check("temperature", temperature, temperature > 0, "above 0")


def _check(name: str, value: float, good: bool, expected: str) -> None:
    if not good or not math.isfinite(value):
        raise ValueError(f"{name} = {value}: expected {expected}")
