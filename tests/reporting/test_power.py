import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.reporting.power import power_table, power_text, seeds_for, t_test_power


@pytest.mark.parametrize(("seeds", "power"), [(3, 0.47), (5, 0.91)])
def test_an_effect_of_two_standard_deviations(seeds, power):
    assert t_test_power(2.0, seeds) == pytest.approx(power, abs=0.005)


@pytest.mark.parametrize(("effect", "seeds"), [(0.0, 4), (0.7, 3), (-1.5, 4), (1.0, 10)])
def test_power_is_how_often_the_test_finds_the_effect(effect, seeds):
    samples = np.random.default_rng(0).normal(effect, 1, size=(20000, seeds))
    found = (stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05).mean()
    assert t_test_power(effect, seeds) == pytest.approx(found, abs=0.012)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 50])
def test_power_grows_with_the_effect_and_stays_a_probability(seeds):
    powers = [t_test_power(effect, seeds) for effect in (0, 0.1, 1, 3, 10, 20, 100, 1e4, 1e8)]
    assert powers == pytest.approx(sorted(powers), abs=1e-9)
    assert powers[0] == pytest.approx(0.05)
    assert powers[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("effect", [0.2, 0.5, 1.0, 2.0, 50.0])
def test_as_many_seeds_as_needed_and_no_more(effect):
    needed = seeds_for(effect)
    assert t_test_power(effect, needed) >= 0.9
    assert needed == 2 or t_test_power(effect, needed - 1) < 0.9


def test_an_effect_that_is_not_there_is_out_of_reach():
    assert seeds_for(0.001) is None


def test_the_table_finds_the_effect_behind_each_tested_claim():
    values = np.array([0.3, 0.5, 0.1, 0.2])
    p = stats.ttest_1samp(values, 0.0).pvalue
    tested = {"claim": "a", "data": "digits", "verdict": "undecided", "n": 4, "p_value": p, "p_adjusted": 2 * p}
    tested |= {"kind": "primary", "rule": "mean above 0"}
    rows = [
        *(
            tested,
            {**tested, "claim": "b"},
            {**tested, "claim": "b_rsa"},
            {**tested, "claim": "c", "kind": "secondary"},
        ),
        {**tested, "n": 0, "p_value": np.nan, "p_adjusted": np.nan},
        {**tested, "rule": "mean within 0.01 of 0"},  # has another test
    ]
    table = power_table(pd.DataFrame(rows))
    assert table["claim"].tolist() == ["a", "b", "b_rsa", "c"]
    effect = values.mean() / values.std(ddof=1)
    assert table["effect"].tolist() == pytest.approx([effect] * 4)
    assert table["power_7"][0] == pytest.approx(t_test_power(effect, 7))
    assert table["seeds_needed"][0] == seeds_for(effect)
    assert table["seeds_needed_holm"][0] == seeds_for(effect, level=0.025) > table["seeds_needed"][0]  # two tests
    assert table["seeds_needed_holm"][2:].tolist() == table["seeds_needed"][2:].tolist()  # not of that family
    assert "a " in power_text(table)


def test_nothing_tested_is_said():
    empty = pd.DataFrame(
        columns=["claim", "kind", "rule", "data", "verdict", "n", "p_value", "p_adjusted"], dtype=object
    )
    assert "No claim was tested" in power_text(power_table(empty))
