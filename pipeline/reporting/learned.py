"""Whether CL learned anything: a similarity of two networks that learned nothing is no finding."""

import pandas as pd

from pipeline.reporting.claim import Data, Read, settings_of, wide

BASELINES = RAW_PIXELS, UNTRAINED = "raw_pixels", "untrained"
TRAINING = {  # how much training there was, and what it did
    "path_length": "path length",  # sum of learning rate times trust over all steps
    "displacement": "displacement",  # of the encoder's weights from their own start, relative to it
}


def learned(read: Read, data: Data) -> bool:
    """Whether CL's nearest-centre accuracy is above its better baseline's in the mean over seeds, in every setting.

    Where classes are swept, in the settings with most classes: few classes are easy to tell apart by their pixels.
    """
    found = margins(read, data)
    if found and "classes" not in dict(data.fields):
        most = max(dict(setting.fields)["classes"] for setting in found)
        found = {setting: own for setting, own in found.items() if dict(setting.fields)["classes"] == most}
    return bool(found) and all(own.mean() > 0 for own in found.values())


def margins(read: Read, data: Data) -> dict[Data, pd.Series]:
    """Of every setting, by seed, nearest-centre accuracy of CL less the better one of raw pixels and an untrained
    network, percentage points; without seeds where one of the three was not measured."""
    rows = data.rows(pd.concat([read("probes"), read("baselines")]).query("probe == 'nccc'"))
    found = {}
    for setting, own in settings_of(rows):
        accuracies = wide(own, "objective", ("cl", *BASELINES), "accuracy")
        found[setting] = accuracies["cl"] - accuracies[list(BASELINES)].max(axis=1, skipna=False)
    return found
