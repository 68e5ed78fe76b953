"""Every claim on made-up runs: where it is so, where it is not, where seeds disagree, where nothing is learned."""

import math

import pytest

from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.verdicts import claims_table
from tests.reporting.planted_claims import LEARNED, NOT_LEARNED, PLANTS, planted

STEPS = [0.04 + 0.004 * seed for seed in range(5)]
MIXED = [0.04 * (-1) ** seed for seed in range(5)]
SMALL = [0.001 * (-1) ** seed for seed in range(5)]
RANKED = ("forcing_orders_twins",)  # ranks cannot have any value that is asked for; tests/reporting/test_predictions.py
CONTINUOUS = {name: claim for name, claim in CLAIMS.items() if name not in RANKED}
TESTED = [name for name, claim in CONTINUOUS.items() if not claim.rule.each]
SEVERAL = ("corollaries", "sharper_corollaries")  # their rows also have the RSA, which is kept far away


def verdict_on(name, values, accuracies=LEARNED):
    """Row of a claim whose quantity has these values; one behind a gate has its gate with the same values."""
    asked, tables = set(), planted(PLANTS[name], values, accuracies)

    def read(kind):
        asked.add(kind)
        return tables[kind]

    rules = {claim: CLAIMS[claim].rule for claim in (CLAIMS[name].gate, name) if claim}
    table = claims_table(CLAIMS, rules, lambda claim: read, {"late_path_length": 1.0})
    (row,) = table[table["claim"] == name].to_dict("records")
    assert asked == set(CLAIMS[name].kinds if row["n"] else CLAIMS[name].reads)
    return row


def beyond(name, steps, sign=1):
    """The number of a claim's rule, and beyond it on the side where it holds."""
    rule = CLAIMS[name].rule
    if rule.within is not None:
        return [step / 50 if sign > 0 else step for step in steps]
    side, number = (1, rule.above) if rule.above is not None else (-1, rule.below)
    return [number + sign * side * step for step in steps]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_claim_holds_and_fails_by_its_quantity(name):
    for sign, expected in ((1, "holds"), (-1, "undecided" if CLAIMS[name].is_intersection else "fails")):
        values = beyond(name, STEPS, sign)
        row = verdict_on(name, values)
        assert row["verdict"] == expected
        assert row["smallest"] == pytest.approx(min(values))
        assert name in SEVERAL or row["largest"] == pytest.approx(max(values))


@pytest.mark.parametrize("name", TESTED)
def test_seeds_that_disagree_decide_nothing(name):
    row = verdict_on(name, [50 * v for v in beyond(name, MIXED)] if CLAIMS[name].rule.within else beyond(name, MIXED))
    assert row["verdict"] == "undecided"
    assert row["p_value"] > 0.05
    assert math.isnan(row["p_adjusted"]) if CLAIMS[name].gate else row["p_adjusted"] == row["p_value"]
    assert verdict_on(name, beyond(name, STEPS[:1]))["verdict"] in ("undecided", "not run")  # one seed


@pytest.mark.parametrize("name", [name for name in TESTED if CLAIMS[name].margin and not CLAIMS[name].rule.within])
def test_seeds_that_agree_on_a_small_effect_are_equivalent_to_none(name):
    row = verdict_on(name, SMALL)
    assert (row["verdict"], row["margin"]) == ("equivalent", 0.01)


@pytest.mark.parametrize("name", [name for name, claim in CONTINUOUS.items() if claim.needs_learning])
def test_nothing_is_found_on_networks_that_learned_nothing(name):
    row = verdict_on(name, beyond(name, STEPS), NOT_LEARNED)
    assert row["verdict"] == "not learned"
    assert row["n"] == len(STEPS)  # the values are shown
    assert math.isnan(row["p_adjusted"])  # but are no test
    for twin in CLAIMS[name].comparators:
        assert verdict_on(name, beyond(name, STEPS), {**LEARNED, twin: 65.0})["verdict"] == "not learned"


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_claim_says_what_would_expose_it_and_rests_on_evidence_that_exists(claim):
    tables = ("table1.csv", "bounds.csv", "comparisons/label_granularity/agreement.csv")
    assert claim.evidence in (*FIGURES, *tables)
    assert claim.control
    assert (claim.kind == "check") == (claim.name in ("corollaries", "sharper_corollaries", "loss_gap_bound"))


def test_the_primary_claims_are_few_and_a_counterpart_by_rsa_waits_for_its_own():
    names = ("label_contrast", "sharing_adds", "declines_beyond_floor", "nscl_closer_than_scl", "nscl_closer_than_ce")
    names += ("meaning_beyond_chance", "random_groups_at_floor")
    primary = [name for name, claim in CLAIMS.items() if claim.kind == "primary" and not claim.gate]
    assert primary == [*names, *RANKED]  # a claim on ranks has no counterpart by RSA
    assert {name: claim.gate for name, claim in CLAIMS.items() if claim.gate} == {f"{name}_rsa": name for name in names}
