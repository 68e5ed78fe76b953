"""Precondition of claims: a similarity of two networks that learned nothing is no finding."""

from collections.abc import Sequence

import pandas as pd

from pipeline.reporting.claim_definition import Read, SettingKey

BASELINES = RAW_PIXELS, UNTRAINED = "raw_pixels", "untrained"
SUPERVISED = ("scl", "ce")  # they read every label: without better features than CL's they have learned nothing
TRAINING = {  # columns that say how much training there was, with their labels
    "path_length": "path length",  # learning rate times trust coefficient, summed over all steps
    "displacement": "displacement",  # distance of the encoder's weights from their start, relative to it
}


def learned(read: Read, setting: SettingKey, comparators: Sequence[str] = ()) -> bool:
    """Return True where CL and the twins that it is compared with learned something.

    Accuracies are means over seeds. Those of CL and of each comparator have to be above those of raw pixels and of the
    untrained network, by the nearest class centre and by the linear probe. A supervised comparator has to be above CL
    by the nearest class centre as well.

    Args:
        read: returns the probes and the baselines.
        setting: of the runs.
        comparators: names of twins.
    """
    rows = setting.rows(pd.concat([read("probes"), read("baselines")]))
    means = rows.groupby(["probe", "objective"])["accuracy"].mean()

    def better(twin: str, baseline: str, probe: str) -> bool:
        """False where one of both is missing."""
        return bool(means.get((probe, twin), float("nan")) > means.get((probe, baseline), float("nan")))

    return all(
        better(twin, baseline, probe)
        for twin in ("cl", *comparators)
        for baseline in BASELINES
        for probe in ("nccc", "lp")
    ) and all(better(twin, "cl", "nccc") for twin in comparators if twin in SUPERVISED)
