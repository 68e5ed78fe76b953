import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.theory import bounds

POSITIVE = st.floats(1e-3, 1e3)


def test_epsilon_and_mismatch_are_the_papers_formulas():
    assert bounds.epsilon(1024, 100, 0.01) == pytest.approx(math.sqrt(math.log(100 * 1024 / 0.01) / 2048))
    share = 0.3
    expected = 2 * math.exp(2 / 0.5) * share / (1 - share)
    assert math.exp(bounds.log_mismatch(share, 0.5)) == pytest.approx(expected)


def test_the_bounds_are_the_papers_formulas_where_those_do_not_overflow():
    delta, total, tau, batch = 0.7, 40.0, 0.5, 64
    x = total / (2 * tau**2 * batch)
    log = math.log(delta)
    assert math.exp(bounds.log_theorem1(log, total, tau, batch)) == pytest.approx(
        math.exp(x) * total * delta / (tau * math.sqrt(batch))
    )
    assert math.exp(bounds.log_nonexpansive(log, total, tau, batch)) == pytest.approx(
        total * delta / (tau * math.sqrt(batch))
    )
    assert math.exp(bounds.log_telescoped(log, total, tau, batch)) == pytest.approx(
        2 * tau * math.sqrt(batch) * delta * (math.exp(x) - 1)
    )


def test_the_telescoped_form_sums_the_recurrence():
    """d_{t+1} = (1 + eta L) d_t + eta m with many small steps tends to (m/L)(e^{L sum eta} - 1)."""
    delta, tau, batch, total, steps = 0.5, 0.5, 16, 12.0, 200_000
    smooth, mismatch = 1 / (2 * tau**2 * batch), delta / (tau * math.sqrt(batch))
    drift = 0.0
    for _ in range(steps):
        drift = (1 + total / steps * smooth) * drift + total / steps * mismatch
    assert math.exp(bounds.log_telescoped(math.log(delta), total, tau, batch)) == pytest.approx(drift, rel=1e-4)


def test_nothing_overflows_at_low_temperature():
    log = bounds.log_mismatch(0.2, 0.001)
    assert log == pytest.approx(math.log(2) + 2000 + math.log(0.25))
    assert bounds.capped(log) == math.log(2)
    assert math.isfinite(bounds.log_theorem1(log, 1e6, 0.001, 8))
    assert bounds.log_mismatch(1.0, 0.5) == math.inf
    assert bounds.log_mismatch(0.0, 0.5) == -math.inf


@given(POSITIVE, st.floats(0.01, 10), st.integers(1, 4096), st.floats(-10, 5))
def test_the_sharper_forms_are_never_above_the_papers(total, tau, batch, log_delta):
    forms = [
        form(log_delta, total, tau, batch)
        for form in (bounds.log_nonexpansive, bounds.log_telescoped, bounds.log_theorem1)
    ]
    assert forms[0] <= forms[1] + 1e-9
    assert forms[1] <= forms[2] + 1e-9


@given(st.integers(2, 12), st.integers(0, 10**6), st.floats(0, 1.5))
def test_cka_and_rsa_are_never_below_their_bounds(n, seed, size):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    b = a + size * np.linalg.norm(a) * rng.normal(size=n) / math.sqrt(n)
    ratio = float(np.linalg.norm(a - b) / np.linalg.norm(a))
    cosine = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    if ratio < 1:
        assert cosine >= bounds.sharp_bound(ratio) - 1e-12
        assert bounds.sharp_bound(ratio) >= bounds.corollary1(ratio) == bounds.corollary2(ratio)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_the_sharp_bound_is_reached(ratio):
    a = np.array([1.0, 0.0])
    b = (1 - ratio**2) * a + ratio * math.sqrt(1 - ratio**2) * np.array([0.0, 1.0])  # the tangent from the origin
    assert np.linalg.norm(a - b) == pytest.approx(ratio)
    assert b[0] / np.linalg.norm(b) == pytest.approx(bounds.sharp_bound(ratio))


def test_beyond_one_the_corollaries_say_nothing():
    assert bounds.corollary1(1.5) == bounds.sharp_bound(1.5) == 0.0
    assert bounds.corollary2(1.5) < 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounds.epsilon(0, 1, 0.1), "batch = 0: allowed is at least 1"),
        (lambda: bounds.epsilon(8, 1, 1.0), "delta = 1.0: allowed is above 0 and below 1"),
        (lambda: bounds.log_mismatch(0.1, 0.0), "temperature = 0.0: allowed is above 0"),
        (lambda: bounds.log_theorem1(0.0, -1.0, 0.5, 8), "sum of rates = -1.0"),
        (lambda: bounds.corollary1(-0.1), "rho = -0.1"),
    ],
)
def test_arguments_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
