"""Every claim on made-up runs: where it is so, where it is not, where seeds disagree, where nothing is learned."""

import math

import pytest

from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.verdicts import claims_table
from tests.reporting.planted_claims import LEARNED, NOT_LEARNED, PLANTS, planted

STEPS = [0.04 + 0.004 * seed for seed in range(5)]
MIXED = [0.04 * (-1) ** seed for seed in range(5)]


def verdict_on(name, values, accuracies=LEARNED):
    """Row of a claim whose quantity has these values."""
    asked, tables = set(), planted(PLANTS[name], values, accuracies)

    def read(kind):
        asked.add(kind)
        return tables[kind]

    (row,) = claims_table(CLAIMS, {name: CLAIMS[name].rule}, lambda claim: read, {"late_path_length": 1.0}).to_dict(
        "records"
    )
    assert asked == set(CLAIMS[name].kinds if row["n"] else CLAIMS[name].reads)
    return row


def beyond(name, steps, sign=1):
    """The number of a claim's rule, and beyond it on the side where it holds."""
    rule = CLAIMS[name].rule
    side, number = (1, rule.above) if rule.above is not None else (-1, rule.below)
    return [number + sign * side * step for step in steps]


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_holds_and_fails_by_its_quantity(name):
    for sign, expected in ((1, "holds"), (-1, "fails")):
        values = beyond(name, STEPS, sign)
        row = verdict_on(name, values)
        assert row["verdict"] == expected
        tolerance = 2e-3 if "another_seed" in name else 1e-6  # the jackknife of a scale that is not straight
        # the corollaries' rows also have the RSA, which is kept far away
        assert row["smallest"] == pytest.approx(min(values), abs=tolerance)
        assert "coroll" in name or row["largest"] == pytest.approx(max(values), abs=tolerance)


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if not claim.rule.each])
def test_seeds_that_disagree_decide_nothing(name):
    row = verdict_on(name, beyond(name, MIXED))
    assert row["verdict"] == "undecided"
    assert row["p_value"] == row["p_holm"] > 0.05
    assert verdict_on(name, beyond(name, STEPS[:1]))["verdict"] in ("undecided", "not run")  # one seed


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.needs_learning])
def test_nothing_is_found_on_networks_that_learned_nothing(name):
    row = verdict_on(name, beyond(name, STEPS), NOT_LEARNED)
    assert row["verdict"] == "not learned"
    assert row["n"] == len(STEPS)  # the values are shown
    assert math.isnan(row["p_holm"])  # but are no test


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_claim_says_what_would_expose_it_and_rests_on_evidence_that_exists(claim):
    assert claim.evidence in FIGURES or claim.evidence in ("table1.csv", "bounds.csv")
    assert claim.control
    assert (claim.kind == "check") == (claim.name in ("corollaries", "sharper_corollaries", "loss_gap_bound"))
