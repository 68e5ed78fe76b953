"""How many seeds a claim would need: the power of its t test, from the effect that was seen.

The effect is the distance of the mean over seeds from the number of the rule, in standard deviations over seeds, on
the scale of the test. A power from an effect that was seen is itself uncertain, and says what to plan for, not what a
finished test was worth.
"""

import math

import pandas as pd
from scipy import stats
from tabulate import tabulate

SEEDS = (3, 4, 5, 7, 10)
LEVEL = 0.05
WANTED = 0.9
MOST_SEEDS = 1000  # beyond which the answer is: out of reach


def t_test_power(effect: float, seeds: int, level: float = LEVEL) -> float:
    """Power of the two-sided one-sample t test of `seeds` values whose mean is `effect` standard deviations away."""
    critical, shift = stats.t.isf(level / 2, seeds - 1), abs(effect) * math.sqrt(seeds)
    return float(sum(stats.nct.sf(critical, seeds - 1, sign * shift) for sign in (1, -1)))


def seeds_for(effect: float, power: float = WANTED, level: float = LEVEL) -> int | None:
    """The smallest number of seeds, 2 or more, that gives the power; none below 1,000."""
    low, high = 1, 2  # too few; to be tried
    while t_test_power(effect, high, level) < power:
        low, high = high, 2 * high
        if high > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if t_test_power(effect, middle, level) >= power else (middle, high)
    return high


def power_table(claims: pd.DataFrame) -> pd.DataFrame:
    """One row a tested row of `claims.csv`: claim, data, verdict, n, effect (standard deviations), the power at 3, 4,
    5, 7 and 10 seeds, and the seeds for a power of 0.9: by itself, and at the level to which Holm's method holds the
    smallest p of the family (0.05 over the number of tests)."""
    tested = claims[(claims["n"] > 1) & (claims["p_value"] > 0) & (claims["p_value"] < 1)]
    family = max(1, int(tested["p_holm"].notna().sum()))
    rows = []
    for row in tested.to_dict("records"):
        n = int(row["n"])
        effect = float(stats.t.isf(row["p_value"] / 2, n - 1)) / math.sqrt(n)
        rows.append(
            {
                **{name: row[name] for name in ("claim", "data", "verdict")},
                "n": n,
                "effect": effect,
                **{f"power_{seeds}": t_test_power(effect, seeds) for seeds in SEEDS},
                "seeds_needed": seeds_for(effect),
                "seeds_needed_holm": seeds_for(effect, level=LEVEL / family),
            }
        )
    powers = [f"power_{seeds}" for seeds in SEEDS]
    columns = ["claim", "data", "verdict", "n", "effect", *powers, "seeds_needed", "seeds_needed_holm"]
    return pd.DataFrame(rows, columns=columns).astype({"seeds_needed": "Int64", "seeds_needed_holm": "Int64"})


def power_text(table: pd.DataFrame) -> str:
    """The table to read, and what it means."""
    if table.empty:
        return "No claim was tested: each needs at least two seeds.\n"
    shown = [
        [
            *(row["claim"], row["data"], row["verdict"], row["n"], f"{row['effect']:.2f}"),
            *(f"{row[f'power_{seeds}']:.2f}" for seeds in SEEDS),
            *(_count(row[name]) for name in ("seeds_needed", "seeds_needed_holm")),
        ]
        for row in table.to_dict("records")
    ]
    header = ["claim", "data", "verdict", "seeds", "effect", *(f"n={seeds}" for seeds in SEEDS), "needed", "with Holm"]
    return "\n\n".join(
        (
            tabulate(shown, header, tablefmt="github", disable_numparse=True),
            "Effect: distance of the mean from the rule's number in standard deviations over seeds, as it was seen. "
            f"n=...: power of the two-sided t test at {LEVEL:g} with so many seeds. Needed: seeds for a power of "
            f"{WANTED:g}, by itself and at the smallest level of Holm's method among all claims tested here.\n",
        )
    )


def _count(seeds: int | None) -> str:
    return f"over {MOST_SEEDS}" if pd.isna(seeds) else str(seeds)
