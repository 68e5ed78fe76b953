"""Each claim's quantity, measured once for every seed, and the verdict by a rule that was fixed before.

A claim is tested, for each data, by a two-sided t test of its mean over seeds against the number of its rule. The
tested rows of all claims, without checks and without data on which nothing was learned, are one family: a claim holds
or fails where its p, adjusted for the family by Holm's method, is below 0.05, and is undecided otherwise. Rules about
every single value, and checks, are not tested but looked up.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim import Claim, Read, labels
from pipeline.reporting.learned import learned
from pipeline.reporting.seed_intervals import holm, over_seeds, p_value
from pipeline.reporting.tables import FAILS, HOLDS, NOT_LEARNED, NOT_RUN, UNDECIDED

COLUMNS = (
    *("claim", "kind", "statement", "source", "data", "quantity", "n", "mean", "ci_low", "ci_high", "smallest"),
    *("largest", "rule", "p_value", "p_holm", "verdict", "control", "paper", "evidence"),
)
LEVEL = 0.05  # chance of a single false verdict or more among all claims that are tested
DIFFERS = "differs by data"  # of a claim on several data


def claims(
    known: Mapping[str, Claim],
    rules: Mapping[str, ClaimRule],
    read: Callable[[Claim], Read | None],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per claim and data; `read` gives nothing for a claim whose experiments there are not."""
    rows: list[dict[str, Any]] = []
    for name, rule in rules.items():
        rows += _measured(known[name], rule, read(known[name]), options)
    tested = [row for row in rows if row["verdict"] is None and row["kind"] == "claim"]
    tested = [row for row in tested if not math.isnan(row["p_value"])]
    for row, adjusted in zip(tested, holm([row["p_value"] for row in tested]), strict=True):
        row["p_holm"] = adjusted
    for row in rows:
        if row["verdict"] is None:
            row["verdict"] = verdict(row["mean"], rules[row["claim"]], row.get("p_holm", row["p_value"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _measured(claim: Claim, rule: ClaimRule, read: Read | None, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of one claim; the verdict is None where a test decides."""
    chosen = {option: options[option] for option in claim.options}
    shared = {
        "claim": claim.name,
        "kind": claim.kind,
        "statement": claim.statement,
        "source": claim.source,
        "quantity": claim.quantity.format(**chosen),
        "rule": rule_text(rule),
        "control": claim.control,
        "paper": claim.paper,
        "evidence": claim.evidence,
    }
    measured = claim.measure(read, **chosen) if read else {}
    known = {data: [value for value in values if not math.isnan(value)] for data, values in measured.items()}
    found = {data: values for data, values in known.items() if values}  # no slope where nothing was swept
    if not read or not found:
        return [{**shared, "data": "none", "n": 0, "verdict": NOT_RUN}]
    named = labels(list(found))

    def entering(kind: str) -> pd.DataFrame:
        return claim.entering(read(kind))

    return [
        {
            **shared,
            "data": named[data],
            **_numbers(values, rule, claim),
            "verdict": NOT_LEARNED if claim.gated and not learned(entering, data) else _looked_up(values, rule),
        }
        for data, values in found.items()
    ]


def _numbers(values: Sequence[float], rule: ClaimRule, claim: Claim) -> dict[str, Any]:
    interval = over_seeds(values, claim.scale)
    return {
        "n": interval.n,
        "mean": interval.mean,
        "ci_low": math.nan if rule.each else interval.low,
        "ci_high": math.nan if rule.each else interval.high,
        "smallest": min(values),
        "largest": max(values),
        "p_value": math.nan if rule.each else p_value(values, _side(rule)[1], claim.scale),
    }


def _looked_up(values: Sequence[float], rule: ClaimRule) -> str | None:
    """The verdict of a rule about every value; None where the mean is to be tested."""
    if not rule.each:
        return None
    sign, number = _side(rule)
    return HOLDS if all(sign * (value - number) >= 0 for value in values) else FAILS


def verdict(mean: float, rule: ClaimRule, p: float) -> str:
    """Of a mean over seeds, tested against the number of its rule; no p (one seed, a missing value) decides nothing."""
    sign, number = _side(rule)
    if not p < LEVEL:
        return UNDECIDED
    return HOLDS if sign * (mean - number) > 0 else FAILS


def by_claim(table: pd.DataFrame) -> pd.DataFrame:
    """One row a claim of a table of claims: claim, kind, source, and its verdict on all of its data that were run."""
    rows = []
    for (name, kind, source), own in table.groupby(["claim", "kind", "source"], sort=False):
        found = set(own["verdict"])
        rows.append((name, kind, source, found.pop() if len(found) == 1 else DIFFERS))
    return pd.DataFrame(rows, columns=["claim", "kind", "source", "verdict"])


def rule_text(rule: ClaimRule) -> str:
    side = f"above {rule.above:g}" if rule.above is not None else f"below {rule.below:g}"
    return f"every value {side}" if rule.each else f"mean {side}"


def _side(rule: ClaimRule) -> tuple[float, float]:
    """Sign and number: a rule has one side."""
    if rule.above is not None:
        return 1.0, rule.above
    assert rule.below is not None
    return -1.0, rule.below
