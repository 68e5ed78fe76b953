"""Verdicts of claims, by rules that were fixed before the runs. docs/statistics.md has the reasons.

Rows are those of a claim on one setting. A primary row is tested at Holm's level among all primary rows by CKA, and its
counterpart by RSA only where that row is decided. All secondary rows together keep a false discovery rate. Rules about
every single value are looked up, not tested, and so are checks.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from scipy.stats import false_discovery_control

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import Claim, Read, SettingKey, setting_labels, settings_of
from pipeline.reporting.learned import learned
from pipeline.reporting.seed_intervals import (
    MIN_SEEDS_OF_INTERVAL,
    Interval,
    equivalence_p,
    holm,
    one_sided_p,
    over_seeds,
    p_value,
)
from pipeline.reporting.tables import EQUIVALENT, FAILS, HOLDS, NOT_LEARNED, NOT_RUN, UNDECIDED

COLUMNS = (
    *("claim", "kind", "statement", "source", "data", "quantity", "n", "mean", "ci_low", "ci_high", "smallest"),
    *("largest", "rule", "margin", "p_value", "p_adjusted", "p_equivalent", "left_out", "verdict", "control", "paper"),
    "evidence",
)
LEVEL = 0.05  # chance of one false primary finding or more, and rate of false ones among the secondary findings
DIFFERS = "differs by data"  # verdict of a claim that holds on some data only


@dataclass
class _Row:
    """One claim on one setting; the verdict is empty where a test decides."""

    claim: Claim
    rule: ClaimRule
    setting: SettingKey
    data: str
    values: Sequence[float]
    left_out: str = ""
    verdict: str = ""
    p_adjusted: float = math.nan
    interval: Interval = field(init=False)
    margin: float = field(init=False)
    p: float = field(init=False)
    p_equivalent: float = field(init=False)

    def __post_init__(self) -> None:
        self.interval = over_seeds(self.values, self.claim.scale)
        self.margin = math.nan if self.rule.each else self.rule.within or self.claim.margin or math.nan
        number = _sign_and_number(self.rule)[1]
        self.p_equivalent = math.nan if math.isnan(self.margin) else equivalence_p(self.values, number, self.margin)
        self.p = self._p()

    def _p(self) -> float:
        sign, number = _sign_and_number(self.rule)
        if self.rule.each:
            return math.nan
        if self.rule.within is not None:
            return self.p_equivalent
        if self.claim.is_intersection:
            return min(1.0, 2 * one_sided_p(self.values, number, sign, self.claim.scale))
        return p_value(self.values, number, self.claim.scale)

    @property
    def is_testable(self) -> bool:
        """True where a test may decide: a primary claim takes the seeds that an interval takes."""
        enough = self.claim.kind == "secondary" or len(self.values) >= MIN_SEEDS_OF_INTERVAL
        return not self.verdict and not math.isnan(self.p) and enough

    def decide(self, p: float) -> None:
        """Set the verdict by an adjusted p."""
        self.p_adjusted = p
        self.verdict = verdict(self.interval, self.rule, p)
        if self.verdict == UNDECIDED and self.rule.within is None and self.p_equivalent < LEVEL:
            self.verdict = EQUIVALENT


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
    by_claim_name = {name: _rows(claims[name], rule, reader_of(claims[name]), options) for name, rule in rules.items()}
    _test([row for rows in by_claim_name.values() for row in rows])
    cells = [
        {**_facts(claims[name], rule, options), **row}
        for name, rule in rules.items()
        for row in (list(map(_cells, by_claim_name[name])) or [{"data": "none", "n": 0, "verdict": NOT_RUN}])
    ]
    return pd.DataFrame(cells, columns=list(COLUMNS))


def _rows(claim: Claim, rule: ClaimRule, read: Read | None, options: Mapping[str, Any]) -> list[_Row]:
    """Rows of one claim, before its tests; none where nothing was measured."""
    if read is None:
        return []
    measured = claim.measure.rows(read, **{option: options[option] for option in claim.options})
    groups = [
        (setting, group, values)
        for setting, group in settings_of(measured, claim.measure.swept)
        if (values := _finite(claim, group))  # no slope where nothing was swept
    ]
    labels = setting_labels([setting for setting, _, _ in groups])
    rows = []
    for setting, group, values in groups:
        unlearned = _unlearned(claim, read, group)
        of_learned = values
        if unlearned:
            rest = _without(group, unlearned)
            of_learned = _finite(claim, rest) if claim.measure.is_slope and len(rest) else []
        row = _Row(claim, rule, setting, labels[setting], of_learned or values)
        if claim.measure.is_slope:
            row.left_out = "; ".join(unlearned.values())
        if not of_learned:
            row.verdict = NOT_LEARNED
        elif rule.each:
            row.verdict = _looked_up(values, rule)
        rows.append(row)
    return rows


def _finite(claim: Claim, rows: pd.DataFrame) -> list[float]:
    return [value for value in claim.measure.values(rows) if not math.isnan(value)]


def _unlearned(claim: Claim, read: Read, rows: pd.DataFrame) -> dict[SettingKey, str]:
    """Settings, with their labels, in which CL or a comparator learned nothing."""
    if not claim.needs_learning:
        return {}
    labels = setting_labels([setting for setting, _ in settings_of(rows)])
    return {setting: label for setting, label in labels.items() if not learned(read, setting, claim.comparators)}


def _without(rows: pd.DataFrame, settings: Mapping[SettingKey, str]) -> pd.DataFrame:
    remaining = [group for setting, group in settings_of(rows) if setting not in settings]
    return pd.concat(remaining) if remaining else rows.iloc[:0]


def _test(rows: Sequence[_Row]) -> None:
    """Set adjusted p and verdicts of all rows that have none."""
    family = [row for row in rows if row.is_testable]
    primary = [row for row in family if row.claim.kind == "primary" and not row.claim.gate]
    for row, p in zip(primary, holm([row.p for row in primary]), strict=True):
        row.decide(p)
    secondary = [row for row in family if row.claim.kind == "secondary"]
    if secondary:
        for row, p in zip(secondary, false_discovery_control([row.p for row in secondary]), strict=True):
            row.decide(float(p))
    decided = {(row.claim.name, row.setting) for row in primary if row.verdict != UNDECIDED}
    for row in family:
        if row.claim.gate and (row.claim.gate, row.setting) in decided:
            row.decide(row.p)
    for row in rows:
        row.verdict = row.verdict or UNDECIDED


def _facts(claim: Claim, rule: ClaimRule, options: Mapping[str, Any]) -> dict[str, Any]:
    """Cells that all rows of a claim share."""
    texts = ("kind", "statement", "source", "control", "paper", "evidence")
    return {
        "claim": claim.name,
        **{name: getattr(claim, name) for name in texts},
        "quantity": claim.quantity.format(**{option: options[option] for option in claim.options}),
        "rule": rule_text(rule),
        "left_out": "",
    }


def _cells(row: _Row) -> dict[str, Any]:
    """Cells of one row."""
    return {
        "data": row.data,
        "n": row.interval.n,
        "mean": row.interval.mean,
        "ci_low": math.nan if row.rule.each else row.interval.low,
        "ci_high": math.nan if row.rule.each else row.interval.high,
        "smallest": min(row.values),
        "largest": max(row.values),
        "margin": row.margin,
        "p_value": row.p,
        "p_adjusted": row.p_adjusted,
        "p_equivalent": row.p_equivalent,
        "left_out": row.left_out,
        "verdict": row.verdict,
    }


def _looked_up(values: Sequence[float], rule: ClaimRule) -> str:
    """Verdict of a rule about every value."""
    sign, number = _sign_and_number(rule)
    return HOLDS if all(sign * (value - number) >= 0 for value in values) else FAILS


def verdict(interval: Interval, rule: ClaimRule, p: float) -> str:
    """Verdict on a mean over seeds; a p of nan (one seed, a missing value) decides nothing.

    Args:
        interval: the mean with its 95 % interval.
        rule: about the mean.
        p: adjusted; of a rule `within`, that of equivalence.
    """
    if rule.within is not None:
        is_outside = interval.low > rule.within or interval.high < -rule.within
        return HOLDS if p < LEVEL else FAILS if is_outside else UNDECIDED
    sign, number = _sign_and_number(rule)
    if not p < LEVEL:
        return UNDECIDED
    return HOLDS if sign * (interval.mean - number) > 0 else FAILS


def by_claim(table: pd.DataFrame) -> pd.DataFrame:
    """Verdict of each claim on all data together: columns claim, kind, source, verdict."""
    verdicts = table.groupby(["claim", "kind", "source"], sort=False)["verdict"]
    return verdicts.agg(lambda column: column.iloc[0] if column.nunique() == 1 else DIFFERS).reset_index()


def rule_text(rule: ClaimRule) -> str:
    """Words of a rule: `mean above 0`, `every value below 0`, `mean within 0.01 of 0`."""
    if rule.within is not None:
        return f"mean within {rule.within:g} of 0"
    side = f"above {rule.above:g}" if rule.above is not None else f"below {rule.below:g}"
    return f"every value {side}" if rule.each else f"mean {side}"


def _sign_and_number(rule: ClaimRule) -> tuple[float, float]:
    """1 and the number that values are above, or -1 and the number that they are below; 0 within which they are."""
    if rule.above is not None:
        return 1.0, rule.above
    return -1.0, rule.below or 0.0
