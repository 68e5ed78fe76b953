import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from twin_alignment.theory import theorem_bounds as bounds

POSITIVE = st.floats(1e-3, 1e3)


@pytest.mark.parametrize(("classes", "batch", "steps"), [(2, 64, 1), (10, 1024, 100), (100, 256, 1560)])
def test_the_exact_share_is_the_smallest_that_the_binomial_allows(classes, batch, steps):
    """One image less would be exceeded too often; Hoeffding's slack is larger."""
    excess = bounds.epsilon_exact(1 / classes, classes, batch, steps, 0.01)
    count = round((excess + 1 / classes) * batch)
    assert steps * classes * stats.binom.sf(count, batch, 1 / classes) <= 0.01
    assert steps * classes * stats.binom.sf(count - 1, batch, 1 / classes) > 0.01
    assert excess < bounds.epsilon(batch, steps, 0.01)


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
    assert bounds.log_mismatch_sharp(0.2, 0.001) == pytest.approx(math.log(2))
    assert math.isfinite(bounds.log_theorem1(log, 1e6, 0.001, 8))
    assert bounds.log_mismatch(1.0, 0.5) == math.inf
    assert bounds.log_mismatch(0.0, 0.5) == bounds.log_mismatch_sharp(0.0, 0.5) == -math.inf
    assert bounds.log_mismatch_sharp(1.0, 0.5) == bounds.log_mismatch_sharp(1.3, 0.5) == math.log(2)


@given(st.floats(1e-6, 0.999), st.floats(0.3, 50))
def test_the_sharper_mismatch_is_its_formula_below_two_and_below_the_papers(share, temperature):
    odds = share * math.exp(2 / temperature)
    found = bounds.log_mismatch_sharp(share, temperature)
    assert math.exp(found) == pytest.approx(2 * odds / (1 - share + odds), rel=1e-9)
    assert found < math.log(2)
    assert found <= bounds.log_mismatch(share, temperature)


@given(st.integers(2, 9), st.integers(0, 10**6), st.floats(0.2, 5))
def test_no_anchor_differs_by_more_than_the_sharper_mismatch(images, seed, temperature):
    """Both distributions of one anchor, from their definitions, for the share of the largest class among B images and
    for the smaller share among the B - 1 others."""
    rng = np.random.default_rng(seed)
    similarities, labels = rng.choice([-1, rng.uniform(-1, 1), 1], size=images), rng.integers(0, 3, size=images)
    weights = np.exp(similarities / temperature)
    weights[0] = 0.0  # the anchor itself
    other = weights * (labels != labels[0])
    mismatch = np.abs(weights / weights.sum() - other / (other.sum() or 1.0)).sum()
    for largest in (np.bincount(labels).max() / images, ((labels == labels[0]).sum() - 1) / (images - 1)):
        assert mismatch <= math.exp(bounds.log_mismatch_sharp(largest, temperature)) * (1 + 1e-9)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_the_sharper_mismatch_is_reached(temperature):
    """Three of nine others are of the anchor's class and as near as can be, the rest as far as can be."""
    weights = np.exp(np.array([1.0] * 3 + [-1.0] * 6) / temperature)
    other = np.where(np.arange(9) < 3, 0.0, weights)
    mismatch = np.abs(weights / weights.sum() - other / other.sum()).sum()
    assert mismatch == pytest.approx(math.exp(bounds.log_mismatch_sharp(3 / 9, temperature)), rel=1e-9)


def test_no_climb_leads_beyond_the_limit():
    """Random starts, each moved along the gradient of the distance: random matrices alone are never far apart."""
    rng, reached = np.random.default_rng(0), 0.0
    for n in (2, 3, 6, 8):
        for _ in range(20):
            a, b = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in rng.normal(size=(2, n, 3)))
            for _ in range(200):
                gap = a @ a.T - b @ b.T
                a, b = a + 0.1 * gap @ a, b - 0.1 * gap @ b
                a, b = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (a, b))
            share = np.linalg.norm(a @ a.T - b @ b.T) / math.exp(bounds.log_limit(n))
            assert share <= 1 + 1e-12
            reached = max(reached, share)
    assert reached > 0.95


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


@pytest.mark.parametrize("ratio", [1.0, 1.5])
@pytest.mark.parametrize("promise", [bounds.corollary1, bounds.corollary2, bounds.sharp_bound])
def test_from_one_on_nothing_is_promised(promise, ratio):
    assert math.isnan(promise(ratio))
    assert promise(0.999) > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounds.epsilon(0, 1, 0.1), "batch = 0: expected at least 1"),
        (lambda: bounds.epsilon(8, 1, 1.0), "delta = 1.0: expected above 0 and below 1"),
        (lambda: bounds.log_mismatch(0.1, 0.0), "temperature = 0.0: expected above 0"),
        (lambda: bounds.log_theorem1(0.0, -1.0, 0.5, 8), "sum of rates = -1.0"),
        (lambda: bounds.corollary1(-0.1), "rho = -0.1"),
    ],
)
def test_arguments_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
