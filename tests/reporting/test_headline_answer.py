"""The paragraph that answers the report's title says what the verdicts say."""

import math

import pandas as pd
import pytest

from pipeline.reporting.answer import PUT_IN_WORDS, SENTENCES, answer
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.verdicts import rule_text

NAN = math.nan


def row(claim, verdict, mean, low=NAN, high=NAN, data="digits, C = 10", rule="mean above 0", n=5):
    values = {"claim": claim, "verdict": verdict, "mean": mean, "ci_low": low, "ci_high": high, "n": n}
    p = NAN if n < 2 else 0.081 if verdict == "undecided" else 0.04
    return {**values, "data": data, "rule": rule, "statement": f"{claim} <is> so.", "p_holm": p}


def said(*rows):
    return answer(pd.DataFrame(rows))


def test_it_knows_the_rules_of_the_claims_it_puts_in_words():
    assert set(SENTENCES) <= set(CLAIMS)
    assert all(rule_text(CLAIMS[name].rule) in rules for name, rules in PUT_IN_WORDS.items())


@pytest.mark.parametrize(
    ("verdict", "mean", "text"),
    [
        (
            "holds",
            -0.068,
            "NSCL is further from CL than NSCL with shuffled labels, which leaves out as many images, by 0.068",
        ),
        (
            "fails",
            0.068,
            "it is nearer to CL than NSCL with shuffled labels, which leaves out as many images, by 0.068",
        ),
        ("undecided", -0.068, "No effect of labels was seen beyond chance"),
    ],
)
def test_the_words_follow_the_verdict(verdict, mean, text):
    low, high = mean - 0.01, mean + 0.01
    found = said(row("labels_have_own_effect", verdict, mean, low, high, rule="mean below 0"))
    assert text in found
    size = "0.068 [0.058, 0.078]" if verdict != "undecided" else "-0.068 [-0.078, -0.058]"
    assert size in found
    assert ("(p = 0.081 after Holm's correction for all claims)." in found) == (verdict == "undecided")


def test_every_data_has_its_own_paragraph_and_what_was_not_run_none():
    found = said(
        row("chaos", "holds", 0.96, 0.93, 0.998, rule="mean above 0.5"),
        row("chaos", "fails", 0.2, 0.1, 0.3, "cifar100, C = 100", rule="mean above 0.5"),
        row("stays_aligned", "not run", NAN, data="none", n=0),
        row("of_no_answer", "holds", 1.0),
    )
    assert found.count("<p") == 2
    assert "digits, C = 10.</strong> One weight of CL moved by a millionth turns its weights 0.96 [0.93, 1.00]" in found
    assert "cifar100, C = 100.</strong> One weight of CL moved by a millionth turns its weights only 0.20" in found


def test_one_seed_has_no_interval_and_decides_nothing():
    assert "is undecided: 0.012 (a single seed has no test).</p>" in said(
        row("nscl_closer_than_ce", "undecided", 0.012, n=1)
    )


def test_where_nothing_was_learned_nothing_else_is_said():
    found = said(row("stays_aligned", "not learned", 0.1, 0.0, 0.2), row("chaos", "holds", 0.9, 0.8, 1.0))
    assert "nothing was learned" in found
    assert "One weight" not in found


def test_a_rule_of_the_settings_is_not_put_into_words_that_are_about_another():
    found = said(row("stays_aligned", "fails", 0.2, 0.1, 0.3, rule="mean above 0.5"))
    assert "stays_aligned &lt;is&gt; so. Fails: 0.200 [0.100, 0.300]." in found
    assert "further from it" not in found
