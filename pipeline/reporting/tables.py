"""What tables have in common: one row per setting and quantity, averaged over seeds."""

import math

from pipeline.files import NOT_AVAILABLE
from pipeline.runs import Run

MEASURED, NOT_RUN = "measured", "not run"


def encoder_name(run: Run) -> str:
    return f"{run.encoder}-w{run.width}"


def number(value: float, digits: int) -> str:
    return NOT_AVAILABLE if math.isnan(value) else f"{value:.{digits}f}"
