"""How good the features of CL and NSCL are, with temperature and with merged weights."""

import pandas as pd

from pipeline.reporting.claim import NEGATIVE, Claim, Read, Values, by_data, wide
from pipeline.reporting.slopes import slopes
from pipeline.settings.experiments import ClaimRule

PLACE = 4


def _gap(read: Read) -> Values:
    def of_seeds(rows: pd.DataFrame) -> list[float]:
        found = rows.pivot_table(index=["seed", "temperature"], columns="objective", values="accuracy").reset_index()
        if not {"cl", "nscl"} <= set(found):
            return []
        return slopes(found.assign(gap=(found["nscl"] - found["cl"]).abs()), "temperature", "gap")

    return by_data(read("probes").query("probe == 'lp'"), of_seeds)


def _of_cl(read: Read) -> Values:
    rows = read("probes").query("probe == 'lp' and objective == 'cl'")
    return by_data(rows, lambda own: slopes(own, "temperature", "accuracy"))


def _merging(read: Read) -> Values:
    def of_seeds(rows: pd.DataFrame) -> list[float]:
        found = wide(rows, "share", (0.0, 0.5, 1.0), "accuracy")
        return (found[0.5] - (found[0.0] + found[1.0]) / 2).tolist()

    return by_data(read("merging").query("probe == 'lp'"), of_seeds)


CLAIMS = (
    Claim(
        "accuracy_gap_and_temperature",
        "The accuracy gap of CL and NSCL shrinks as temperature rises.",
        "slope in log temperature of the linear probe's absolute gap, percentage points",
        _gap,
        rule=NEGATIVE,
        experiments=("temperature",),
        reads=("probes",),
        evidence="accuracy_by_temperature",
    ),
    Claim(
        "accuracy_and_temperature",
        "CL's linear probe loses accuracy as temperature rises.",
        "slope of CL's linear-probe accuracy in log temperature, percentage points",
        _of_cl,
        rule=NEGATIVE,
        experiments=("temperature",),
        reads=("probes",),
        evidence="accuracy_by_temperature",
    ),
    Claim(
        "merging",
        "The mean of CL's and NSCL's weights is as good an encoder as either.",
        "linear-probe accuracy at the middle less the mean of both ends, percentage points",
        _merging,
        rule=ClaimRule(above=-2),
        experiments=("merging",),
        reads=("merging",),
        evidence="merging",
    ),
)
