"""Number of seeds that a claim needs, from the power of its t test at the observed effect.

The effect is the distance of the mean over seeds from the number of the rule, in standard deviations over seeds, on
the scale of the test. The power at an observed effect is itself uncertain: it helps to plan runs, not to judge a
finished test.
"""

import math

import pandas as pd
from scipy import stats
from tabulate import tabulate

SEEDS = (3, 4, 5, 7, 10)
LEVEL = 0.05
TARGET_POWER = 0.9
MAX_SEEDS = 1000


def t_test_power(effect: float, seeds: int, level: float = LEVEL) -> float:
    """Power of the two-sided one-sample t test of `seeds` values whose mean is `effect` standard deviations away."""
    critical, shift = stats.t.isf(level / 2, seeds - 1), abs(effect) * math.sqrt(seeds)
    return float(sum(stats.nct.sf(critical, seeds - 1, sign * shift) for sign in (1, -1)))


def seeds_for(effect: float, power: float = TARGET_POWER, level: float = LEVEL) -> int | None:
    """Smallest number of seeds, 2 or more, that gives the power; None: more than about MAX_SEEDS."""
    low, high = 1, 2  # too few; to be tried
    while t_test_power(effect, high, level) < power:
        low, high = high, 2 * high
        if high > MAX_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if t_test_power(effect, middle, level) >= power else (middle, high)
    return high


def power_table(claims: pd.DataFrame) -> pd.DataFrame:
    """Power of every tested row of `claims.csv`.

    Returns:
        Columns claim, data, verdict, n, effect (standard deviations), the power at SEEDS, and the seeds needed for a
        power of 0.9: for the test alone, and for a primary claim by CKA at Holm's level of the smallest p (0.05 over
        the number of these). Claims that the mean is within a number have another test, and no row.
    """
    tested = claims[(claims["n"] > 1) & (claims["p_value"] > 0) & (claims["p_value"] < 1)]
    tested = tested[~tested["rule"].str.contains("within")]
    in_family = (tested["kind"] == "primary") & ~tested["claim"].str.endswith("_rsa") & tested["p_adjusted"].notna()
    family = max(1, int(in_family.sum()))
    rows = []
    for row in tested.assign(in_family=in_family).to_dict("records"):
        n = int(row["n"])
        effect = float(stats.t.isf(row["p_value"] / 2, n - 1)) / math.sqrt(n)
        rows.append(
            {
                **{name: row[name] for name in ("claim", "data", "verdict")},
                "n": n,
                "effect": effect,
                **{f"power_{seeds}": t_test_power(effect, seeds) for seeds in SEEDS},
                "seeds_needed": seeds_for(effect),
                "seeds_needed_holm": seeds_for(effect, level=LEVEL / (family if row["in_family"] else 1)),
            }
        )
    powers = [f"power_{seeds}" for seeds in SEEDS]
    columns = ["claim", "data", "verdict", "n", "effect", *powers, "seeds_needed", "seeds_needed_holm"]
    return pd.DataFrame(rows, columns=columns).astype({"seeds_needed": "Int64", "seeds_needed_holm": "Int64"})


def power_text(table: pd.DataFrame) -> str:
    """The table for readers, with an explanation."""
    if table.empty:
        return "No claim was tested: each needs at least two seeds.\n"
    cells = [
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
            tabulate(cells, header, tablefmt="github", disable_numparse=True),
            "Effect: observed distance of the mean from the rule's number, in standard deviations over seeds. "
            f"n=...: power of the two-sided t test at {LEVEL:g} with n seeds. Needed: seeds for a power of "
            f"{TARGET_POWER:g}, for the test alone and, of primary claims by CKA, at Holm's smallest level.\n",
        )
    )


def _count(seeds: int | None) -> str:
    return f"over {MAX_SEEDS}" if pd.isna(seeds) else str(seeds)
