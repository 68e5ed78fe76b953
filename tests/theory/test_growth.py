import math

import numpy as np
import pytest
from scipy.stats import linregress

from twin_alignment.theory.growth import growth

SUMS = [0.5, 1.0, 2.5, 4.0, 9.0]


def test_a_power_is_found_with_its_exponent():
    found = growth(SUMS, [0.01 * s**0.4 for s in SUMS])
    assert (found.power, found.power_r_squared) == (pytest.approx(0.4), pytest.approx(1.0))
    assert found.exponential_r_squared < 0.95
    assert found.better == "power"


def test_an_exponential_is_found_with_its_exponent():
    found = growth(SUMS, [0.01 * math.exp(0.7 * s) for s in SUMS])
    assert (found.exponential, found.exponential_r_squared) == (pytest.approx(0.7), pytest.approx(1.0))
    assert found.power_r_squared < 0.95
    assert found.better == "exponential"


@pytest.mark.parametrize("beta", [1e-6, 0.1, 3.0])
def test_theorem_2s_own_form_has_a_power_of_at_least_one(beta):
    assert growth(SUMS, [math.expm1(beta * s) for s in SUMS]).power >= 1 - 1e-9


def test_both_fits_are_those_of_another_library():
    rng = np.random.default_rng(0)
    sums, gaps = np.sort(rng.uniform(0.1, 5, 12)), rng.uniform(0.1, 1, 12)
    found = growth(sums.tolist(), gaps.tolist())
    power, exponential = linregress(np.log(sums), np.log(gaps)), linregress(sums, np.log(gaps))
    assert (found.power, found.power_r_squared) == pytest.approx((power.slope, power.rvalue**2))
    assert (found.exponential, found.exponential_r_squared) == pytest.approx((exponential.slope, exponential.rvalue**2))


@pytest.mark.parametrize("factor", [0.001, 7.0])
def test_units_of_the_gap_change_nothing_and_those_of_the_rates_only_the_exponential(factor):
    gaps = [0.1, 0.3, 0.35, 0.9, 1.0]
    found, scaled = growth(SUMS, gaps), growth([factor * s for s in SUMS], [factor * g for g in gaps])
    assert scaled.power == pytest.approx(found.power)
    assert scaled.exponential == pytest.approx(found.exponential / factor)
    assert scaled.better == found.better


@pytest.mark.parametrize(
    ("sums", "gaps", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], "at least 3 values, all above 0 and not all equal"),
        ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0], "gaps = "),
        ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], "not all equal"),
        ([0.0, 2.0, 3.0], [1.0, 2.0, 3.0], "sums of rates = "),
        ([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], "sums of rates = "),
    ],
)
def test_what_has_no_fit_is_named(sums, gaps, message):
    with pytest.raises(ValueError, match=message):
        growth(sums, gaps)
