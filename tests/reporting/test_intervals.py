import math

import numpy as np
import pytest
from scipy import stats

from pipeline.reporting.intervals import over_seeds


def test_the_interval_is_scipys_t_interval():
    values = [3.0, 4.5, 5.1]
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = over_seeds(values)
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((np.mean(values), low, high, 3))


def test_one_seed_has_no_interval_and_none_no_mean():
    found = over_seeds([2.0])
    assert (found.mean, found.n) == (2.0, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    with pytest.raises(ValueError, match="no values"):
        over_seeds([])


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = [found.low <= 0 <= found.high for found in (over_seeds(list(rng.normal(size=3))) for _ in range(2000))]
    assert 0.93 < np.mean(hits) < 0.97
