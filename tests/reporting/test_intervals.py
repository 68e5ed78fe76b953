import itertools
import math

import numpy as np
import pytest
from scipy import stats

from pipeline.reporting.seed_intervals import equivalence_p, holm, one_sided_p, over_seeds, p_value, pseudo_values


def test_the_interval_is_scipys_t_interval():
    values = [3.0, 4.5, 5.1, 2.2]
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = over_seeds(values)
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((np.mean(values), low, high, 4))


def test_few_seeds_have_no_interval_and_none_no_mean():
    for scale in ("plain", "fisher"):
        for n in (1, 2, 3):
            found = over_seeds([0.5] * n, scale)
            assert (found.mean, found.n) == (pytest.approx(0.5), n)
            assert math.isnan(found.low)
            assert math.isnan(found.high)
        assert math.isnan(p_value([0.5], 0.0, scale))
        assert math.isnan(one_sided_p([0.5], 0.0, scale=scale))
        with pytest.raises(ValueError, match="no values"):
            over_seeds([], scale)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = [found.low <= 0 <= found.high for found in (over_seeds(list(rng.normal(size=4))) for _ in range(2000))]
    assert 0.93 < np.mean(hits) < 0.97


def test_fishers_scale_keeps_intervals_within_what_can_be():
    values = [0.9999, 0.5, 0.99, 0.98]
    assert over_seeds(values).high > 1
    z = np.arctanh(values)
    low, high = stats.ttest_1samp(z, 0).confidence_interval(0.95)
    found = over_seeds(values, "fisher")
    assert [found.mean, found.low, found.high] == pytest.approx([np.tanh(x) for x in (z.mean(), low, high)])
    mirrored = over_seeds([-value for value in values], "fisher")
    assert [mirrored.mean, mirrored.low, mirrored.high] == pytest.approx([-found.mean, -found.high, -found.low])
    at_the_limit = over_seeds([1, 1 + 1e-9, 0.5, 0.9], "fisher")  # by rounding
    assert -1 < at_the_limit.low < at_the_limit.mean < at_the_limit.high <= 1
    with pytest.raises(ValueError, match="expected values within"):
        over_seeds([1.1, 0.0], "fisher")


def test_p_is_scipys_and_agrees_with_the_interval():
    rng = np.random.default_rng(1)
    for scale, back in (("plain", lambda x: x), ("fisher", np.arctanh)):
        for n in (2, 3, 4, 5):
            values = list(rng.uniform(-0.4, 0.8, size=n))
            expected = stats.ttest_1samp([back(value) for value in values], back(0.3)).pvalue
            assert p_value(values, 0.3, scale) == pytest.approx(expected)
            for side, alternative in ((1, "greater"), (-1, "less")):
                test = stats.ttest_1samp([back(value) for value in values], back(0.3), alternative=alternative)
                assert one_sided_p(values, 0.3, side, scale) == pytest.approx(test.pvalue)
            interval = over_seeds(values, scale)
            for edge in (interval.low, interval.high) if n > 3 else ():
                assert p_value(values, edge, scale) == pytest.approx(0.05)


def test_values_without_spread_are_beyond_a_number_or_at_it():
    assert p_value([0.5, 0.5], 0.0) == 0.0
    assert p_value([0.5, 0.5], 0.5) == 1.0
    assert one_sided_p([0.5, 0.5], 0.4, -1) == 1.0
    assert (equivalence_p([0.5, 0.5], 0.5, 0.01), equivalence_p([0.5, 0.5], 0.4, 0.01)) == (0.0, 1.0)


def test_equivalence_is_the_interval_of_twice_the_level_within_the_margin():
    rng = np.random.default_rng(5)
    found = []
    for _ in range(300):
        values = list(rng.normal(scale=0.01, size=5))
        low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
        found.append(equivalence_p(values, 0.002, 0.01) < 0.05)
        assert found[-1] == (low > -0.008 and high < 0.012)
    assert {True, False} == set(found)


def test_equivalence_is_rarely_found_of_an_effect_as_large_as_the_margin():
    rng = np.random.default_rng(6)
    p = [equivalence_p(list(rng.normal(0.01, 0.002, size=5)), 0.0, 0.01) for _ in range(4000)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.012)


def test_holms_p_is_the_largest_of_all_sets_that_a_test_is_in():
    """The closed testing procedure with Bonferroni's test of every set, which Holm's method is a short cut to."""
    rng = np.random.default_rng(2)
    for size in (1, 2, 5):
        p = list(rng.uniform(size=size) ** 3)
        sets = [s for n in range(1, size + 1) for s in itertools.combinations(range(size), n)]
        expected = [max(min(1.0, len(s) * min(p[j] for j in s)) for s in sets if i in s) for i in range(size)]
        assert holm(p) == pytest.approx(expected)
    assert holm([]) == []


def test_holm_takes_nothing_for_found_more_often_than_it_says():
    rng = np.random.default_rng(3)
    assert np.mean([min(holm(list(rng.uniform(size=20)))) < 0.05 for _ in range(4000)]) == pytest.approx(0.05, abs=0.01)


def test_pseudo_values_of_a_mean_are_the_values():
    values = [0.3, 0.9, 0.4]
    found = pseudo_values(range(3), lambda seeds: float(np.mean([values[seed] for seed in seeds])))
    assert found == pytest.approx(values)


@pytest.mark.parametrize("noise", [0.3, 1.0])
def test_the_jackknife_over_seeds_covers_a_mean_over_pairs_that_overlap(noise):
    """Values of pairs have what is their seeds' own in common. Taken as if each seed's mean over its pairs stood by
    itself, the interval is too short."""
    rng = np.random.default_rng(4)
    jackknife, plain = [], []
    n = 5
    for _ in range(2000):
        own, pairs = rng.normal(size=n), rng.normal(size=(n, n)) * noise
        value = {(i, j): own[i] + own[j] + pairs[i, j] for i, j in itertools.combinations(range(n), 2)}

        def mean_over_pairs(seeds, value=value):
            return float(np.mean([value[pair] for pair in itertools.combinations(seeds, 2)]))

        found = over_seeds(pseudo_values(range(n), mean_over_pairs))
        assert found.mean == pytest.approx(mean_over_pairs(range(n)))  # no bias
        jackknife.append(found.low <= 0 <= found.high)
        means = [float(np.mean([x for pair, x in value.items() if seed in pair])) for seed in range(n)]
        found = over_seeds(means)
        plain.append(found.low <= 0 <= found.high)
    assert 0.94 < np.mean(jackknife) < 0.985
    assert np.mean(plain) < 0.85
