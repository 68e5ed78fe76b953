"""Each claim's quantity, measured once for every seed, and the verdict by a rule that was fixed before."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.reporting.claim import Claim, Read
from pipeline.reporting.intervals import over_seeds
from pipeline.reporting.tables import FAILS, HOLDS, NOT_RUN, UNDECIDED
from pipeline.settings.experiments import ClaimRule

COLUMNS = (
    *("claim", "statement", "source", "data", "quantity", "n", "mean", "ci_low", "ci_high"),
    *("smallest", "largest", "rule", "verdict", "paper", "evidence"),
)


def claims(
    known: Mapping[str, Claim],
    rules: Mapping[str, ClaimRule],
    read: Callable[[Claim], Read | None],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per claim and data; `read` gives nothing for a claim whose experiments there are not."""
    rows: list[dict[str, Any]] = []
    for name, rule in rules.items():
        claim = known[name]
        chosen = {option: options[option] for option in claim.options}
        shared = {
            "claim": name,
            "statement": claim.statement,
            "source": claim.source,
            "quantity": claim.quantity.format(**chosen),
            "rule": rule_text(rule),
            "paper": claim.paper,
            "evidence": claim.evidence,
        }
        tables = read(claim)
        measured = claim.measure(tables, **chosen) if tables else {}
        found = {data: values for data, values in measured.items() if values}  # no slope where nothing was swept
        for data, values in found.items():
            interval = over_seeds(values)
            rows.append(
                {
                    **shared,
                    "data": data,
                    "n": interval.n,
                    "mean": interval.mean,
                    "ci_low": math.nan if rule.each else interval.low,
                    "ci_high": math.nan if rule.each else interval.high,
                    "smallest": min(values),
                    "largest": max(values),
                    "verdict": verdict(values, rule),
                }
            )
        if not found:
            rows.append({**shared, "data": "none", "n": 0, "verdict": NOT_RUN})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def verdict(values: Sequence[float], rule: ClaimRule) -> str:
    """By the 95 % interval of the mean over seeds, or by every single value; one seed alone decides nothing."""
    if any(math.isnan(value) for value in values):
        return UNDECIDED
    sign, limit = (1.0, rule.above) if rule.above is not None else (-1.0, rule.below)
    assert limit is not None  # a rule has one side
    if rule.each:
        return HOLDS if all(sign * (value - limit) >= 0 for value in values) else FAILS
    interval = over_seeds(values)
    low, high = sorted((sign * (interval.low - limit), sign * (interval.high - limit)))
    return HOLDS if low > 0 else FAILS if high < 0 else UNDECIDED


def rule_text(rule: ClaimRule) -> str:
    side = f"above {rule.above:g}" if rule.above is not None else f"below {rule.below:g}"
    return f"every value {side}" if rule.each else f"interval {side}"
