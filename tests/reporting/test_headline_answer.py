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


def row(claim, verdict, mean, low=NAN, high=NAN, data="digits, C = 10", rule="mean above 0", n=5):
    values = {"claim": claim, "verdict": verdict, "mean": mean, "ci_low": low, "ci_high": high, "n": n}
    p = NAN if n < 2 else 0.081 if verdict == "undecided" else 0.04
    return {**values, "data": data, "rule": rule, "statement": f"{claim} <is> so.", "p_holm": p}


def test_its_claims_exist_and_its_sentences_are_about_the_default_rule():
    assert set(UNITS) <= set(CLAIMS)
    assert rule_text(CLAIMS[LABEL_EFFECT].rule) == LABEL_EFFECT_RULE


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ("holds", "NSCL is further from CL than NSCL with shuffled labels"),
        ("fails", "NSCL is nearer to CL than NSCL with shuffled labels"),
        ("undecided", "No effect of labels is detected"),
    ],
)
def test_the_words_follow_the_verdict(verdict, text):
    found = answer_to(row(LABEL_EFFECT, verdict, -0.068, -0.078, -0.058, rule=LABEL_EFFECT_RULE))
    assert text in found
    assert "-0.068 [-0.078, -0.058]" in found
    assert ("(p = 0.081 after Holm" in found) == (verdict == "undecided")
    other_rule = answer_to(row(LABEL_EFFECT, verdict, 0.2, 0.1, 0.3, rule="mean below 0.5"))
    assert f"labels_have_own_effect &lt;is&gt; so: {verdict}, 0.200 [0.100, 0.300]" in other_rule


def test_every_data_has_its_own_paragraph_and_what_was_not_run_none():
    found = answer_to(
        row("chaos", "holds", 0.96, 0.93, 0.998),
        row("chaos", "fails", 0.2, 0.1, 0.3, "cifar100, C = 100"),
        row("nscl_closer_than_ce", "undecided", 0.012, data="cifar100, C = 100", n=1),
        row("stays_aligned", "not run", NAN, data="none", n=0),
        row("of_no_answer", "holds", 1.0),
    )
    assert found.count("<p") == 2
    assert "digits, C = 10.</strong> chaos &lt;is&gt; so: holds, 0.96 [0.93, 1.00] times." in found
    assert "undecided, 0.012 (a single seed has no test)." in found


def test_where_nothing_was_learned_nothing_else_is_said():
    found = answer_to(row("stays_aligned", "not learned", 0.1, 0.0, 0.2), row("chaos", "holds", 0.9, 0.8, 1.0))
    assert "nothing was learned" in found
    assert "chaos" not in found
