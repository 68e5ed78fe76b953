"""The paragraph that answers the report's title follows the verdicts."""

import math

import pandas as pd
import pytest

from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.headline_answer import LABEL_EFFECT, LABEL_EFFECT_RULE, UNITS, answer
from pipeline.reporting.verdicts import rule_text

NAN = math.nan


def answer_to(*rows):
    return answer(pd.DataFrame(rows))


def row(claim, verdict, mean, low=NAN, high=NAN, data="digits, C = 10", rule="mean above 0", n=5, kind="primary"):
    values = {"claim": claim, "verdict": verdict, "mean": mean, "ci_low": low, "ci_high": high, "n": n}
    p = NAN if n < 2 else 0.081 if verdict == "undecided" else 0.04
    p_values = {"p_value": p, "p_adjusted": p if n > 3 else NAN}
    return {
        **values,
        "data": data,
        "rule": rule,
        "kind": kind,
        "margin": 0.01,
        "statement": f"{claim} <is> so.",
        **p_values,
    }


def test_its_claims_exist_and_its_sentences_are_about_the_default_rule():
    assert set(UNITS) <= set(CLAIMS)
    assert rule_text(CLAIMS[LABEL_EFFECT].rule) == LABEL_EFFECT_RULE


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ("holds", "NSCL is further from two CL networks"),
        ("fails", "NSCL is nearer to two CL networks"),
        ("equivalent", "No effect of labels of interest"),
        ("undecided", "No effect of labels is detected, and none is excluded"),
    ],
)
def test_the_words_follow_the_verdict(verdict, text):
    found = answer_to(row(LABEL_EFFECT, verdict, -0.068, -0.078, -0.058, rule=LABEL_EFFECT_RULE))
    assert text in found
    assert "-0.068 [-0.078, -0.058], smallest of interest 0.01 (5 seeds)" in found
    assert ("(p = 0.081, Holm, primary claims)" in found) == (verdict == "undecided")
    other_rule = answer_to(row(LABEL_EFFECT, verdict, 0.2, 0.1, 0.3, rule="mean below 0.5"))
    outcome = "no effect of interest" if verdict == "equivalent" else verdict
    assert f"label_contrast &lt;is&gt; so: {outcome}, 0.200 [0.100, 0.300]" in other_rule


def test_every_data_has_its_own_paragraph_and_what_was_not_run_none():
    found = answer_to(
        row("chaos", "holds", 0.96, 0.93, 0.998, kind="secondary"),
        row("chaos", "fails", 0.2, 0.1, 0.3, "cifar100, C = 100"),
        row("nscl_closer_than_ce", "undecided", 0.012, data="cifar100, C = 100", n=1),
        row("sharing_adds", "not run", NAN, data="none", n=0),
        row("sharing_adds", "undecided", 0.02, data="cifar100, C = 100", n=3),
        row("of_no_answer", "holds", 1.0),
    )
    assert found.count("<p") == 2
    assert (
        "digits, C = 10.</strong> chaos &lt;is&gt; so: exploratory, holds, 0.96 [0.93, 1.00] times, smallest" in found
    )
    assert "undecided, 0.012, smallest of interest 0.01 (1 seeds) (a single seed has no test)." in found
    assert "(3 seeds) (not tested: a primary claim takes 4 seeds)." in found


def test_where_nothing_was_learned_nothing_else_is_said():
    found = answer_to(row("sharing_adds", "not learned", 0.1), row("chaos", "not learned", 0.9))
    assert "nothing was learned" in found
    assert "chaos" not in found


def test_a_comparator_that_learned_nothing_leaves_the_other_sentences():
    found = answer_to(row("nscl_closer_than_scl", "not learned", 0.1), row("sharing_adds", "equivalent", 0.001))
    assert "nscl_closer_than_scl &lt;is&gt; so: not learned, 0.100" in found
    assert "sharing_adds &lt;is&gt; so: no effect of interest, 0.001" in found
