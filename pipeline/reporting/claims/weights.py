"""What becomes of the twins as networks: their weights, and what their features are good for."""

from functools import partial

import pandas as pd

from pipeline.reporting.claim import Claim, Read, Values, by_data, difference, last, nscl

PLACE = 2
_claim = partial(Claim, experiments=("trajectory",), reads=("weights",))


def _weights(read: Read) -> pd.DataFrame:
    return read("weights").query("first == 'cl'")


def _turn_more(read: Read) -> Values:
    rows = last(nscl(_weights(read)))
    return by_data(rows, lambda own: (own["weight_angle"] - own["representation_angle"]).tolist())


def _drift(read: Read) -> Values:
    def growth(rows: pd.DataFrame) -> list[float]:
        found = rows[rows["epoch"] > 0].pivot_table(index="seed", columns="epoch", values="weight_gap")
        return (found[found.columns[-1]] - found[found.columns[0]]).tolist() if len(found.columns) else []

    return by_data(nscl(_weights(read)), growth)


def _of_scl_further(read: Read) -> Values:
    return by_data(last(_weights(read)), lambda rows: difference(rows, "scl", "nscl", values="weight_gap"))


def _labels_help(read: Read) -> Values:
    rows = read("probes").query("probe == 'nccc'")
    return by_data(rows, lambda own: difference(own, "nscl", "cl", "objective", "accuracy"))


CLAIMS = (
    _claim(
        "weights_turn_more",
        "Weights turn further apart than representations.",
        "angle of weights less angle of representations at the last epoch, degrees",
        _turn_more,
        evidence="fig1_angles",
        paper="85.7 - 27.8",
    ),
    _claim(
        "weights_drift",
        "The weights of CL and NSCL drift apart as training goes on.",
        "weight gap at the last epoch less that of the first",
        _drift,
        evidence="fig6_weight_gap",
    ),
    _claim(
        "weights_of_scl_further",
        "SCL's weights are further from CL's than NSCL's are.",
        "weight gap of SCL less that of NSCL at the last epoch",
        _of_scl_further,
        evidence="fig6_weight_gap",
    ),
    Claim(
        "labels_help",
        "NSCL's features are better than CL's.",
        "nearest-class-centre accuracy of NSCL less that of CL, percentage points",
        _labels_help,
        experiments=("table1",),
        reads=("probes",),
        evidence="table1.csv",
        paper="6.1 on CIFAR-10",
    ),
)
