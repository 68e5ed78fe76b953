"""Verdicts of claims, by rules that were fixed before the runs.

A claim is tested, on each setting, by a two-sided t test of its mean over seeds against the number of its rule. The
tested rows of all claims, without checks and without settings in which nothing was learned, are one family: a claim
holds or fails where its p, adjusted for the family by Holm's method, is below 0.05, and is undecided otherwise. Rules
about every single value, and checks, are looked up, not tested.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import Claim, Read, setting_labels
from pipeline.reporting.learned import learned
from pipeline.reporting.seed_intervals import holm, over_seeds, p_value
from pipeline.reporting.tables import FAILS, HOLDS, NOT_LEARNED, NOT_RUN, UNDECIDED

COLUMNS = (
    *("claim", "kind", "statement", "source", "data", "quantity", "n", "mean", "ci_low", "ci_high", "smallest"),
    *("largest", "rule", "p_value", "p_holm", "verdict", "control", "paper", "evidence"),
)
LEVEL = 0.05  # chance of one false verdict or more among all tested claims
DIFFERS = "differs by data"  # verdict of a claim that holds on some data only


def claims_table(
    claims: Mapping[str, Claim],
    rules: Mapping[str, ClaimRule],
    reader_of: Callable[[Claim], Read | None],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """Measure and test claims.

    Args:
        claims: by name.
        rules: of those claims to measure, in the order of the table.
        reader_of: reads the measures of a claim's runs; None: its experiments were not run.
        options: settings that claims may name.

    Returns:
        COLUMNS; one row a claim and setting.
    """
    rows = [row for name, rule in rules.items() for row in _rows(claims[name], rule, reader_of(claims[name]), options)]
    open_rows = [row for row in rows if row["verdict"] is None]
    family = [row for row in open_rows if row["kind"] == "claim" and not math.isnan(row["p_value"])]
    for row, adjusted in zip(family, holm([row["p_value"] for row in family]), strict=True):
        row["p_holm"] = adjusted
    for row in open_rows:
        row["verdict"] = verdict(row["mean"], rules[row["claim"]], row.get("p_holm", row["p_value"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(claim: Claim, rule: ClaimRule, read: Read | None, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of one claim; the verdict is None where a test decides."""
    chosen = {option: options[option] for option in claim.options}
    texts = ("kind", "statement", "source", "control", "paper", "evidence")
    facts = {
        "claim": claim.name,
        **{name: getattr(claim, name) for name in texts},
        "quantity": claim.quantity.format(**chosen),
        "rule": rule_text(rule),
    }
    measured = claim.measure(read, **chosen) if read else {}
    finite = {setting: [value for value in values if not math.isnan(value)] for setting, values in measured.items()}
    finite = {setting: values for setting, values in finite.items() if values}  # no slope where nothing was swept
    if not read or not finite:
        return [{**facts, "data": "none", "n": 0, "verdict": NOT_RUN}]
    labels = setting_labels(list(finite))

    def precondition(kind: str) -> pd.DataFrame:
        return claim.precondition_rows(read(kind))

    rows = []
    for setting, values in finite.items():
        decided = _looked_up(values, rule)
        if claim.needs_learning and not learned(precondition, setting):
            decided = NOT_LEARNED
        rows.append({**facts, "data": labels[setting], **_numbers(values, rule, claim), "verdict": decided})
    return rows


def _numbers(values: Sequence[float], rule: ClaimRule, claim: Claim) -> dict[str, Any]:
    interval = over_seeds(values, claim.scale)
    return {
        "n": interval.n,
        "mean": interval.mean,
        "ci_low": math.nan if rule.each else interval.low,
        "ci_high": math.nan if rule.each else interval.high,
        "smallest": min(values),
        "largest": max(values),
        "p_value": math.nan if rule.each else p_value(values, _sign_and_number(rule)[1], claim.scale),
    }


def _looked_up(values: Sequence[float], rule: ClaimRule) -> str | None:
    """Verdict of a rule about every value; None where the mean is to be tested."""
    if not rule.each:
        return None
    sign, number = _sign_and_number(rule)
    return HOLDS if all(sign * (value - number) >= 0 for value in values) else FAILS


def verdict(mean: float, rule: ClaimRule, p: float) -> str:
    """Verdict on a mean over seeds; a p of nan (one seed, a missing value) decides nothing."""
    sign, number = _sign_and_number(rule)
    if not p < LEVEL:
        return UNDECIDED
    return HOLDS if sign * (mean - number) > 0 else FAILS


def by_claim(table: pd.DataFrame) -> pd.DataFrame:
    """Verdict of each claim on all data together: columns claim, kind, source, verdict."""
    verdicts = table.groupby(["claim", "kind", "source"], sort=False)["verdict"]
    return verdicts.agg(lambda column: column.iloc[0] if column.nunique() == 1 else DIFFERS).reset_index()


def rule_text(rule: ClaimRule) -> str:
    """Words of a rule: `mean above 0`, `every value below 0`."""
    side = f"above {rule.above:g}" if rule.above is not None else f"below {rule.below:g}"
    return f"every value {side}" if rule.each else f"mean {side}"


def _sign_and_number(rule: ClaimRule) -> tuple[float, float]:
    """1 and the number that values are above, or -1 and the number that they are below."""
    if rule.above is not None:
        return 1.0, rule.above
    assert rule.below is not None
    return -1.0, rule.below
