"""Whether a measure moves with a swept setting, tested over seeds and not by looking."""

import pandas as pd

from pipeline.reporting.seed_intervals import over_seeds
from pipeline.reporting.slopes import slopes


def trend(rows: pd.DataFrame, swept: str, measure: str) -> str:
    """rises or falls with the swept setting where the 95 % interval over seeds of the slope leaves out 0."""
    found = slopes(rows, swept, measure)
    if len(found) < 2:
        return "undecided"
    interval = over_seeds(found)
    return "rises" if interval.low > 0 else "falls" if interval.high < 0 else "undecided"
