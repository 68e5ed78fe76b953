"""Precondition of claims: a similarity of two networks that learned nothing is no finding."""

import pandas as pd

from pipeline.reporting.claim_definition import Read, SettingKey, settings_of
from pipeline.reporting.claim_quantities import pivot_by_seed

BASELINES = RAW_PIXELS, UNTRAINED = "raw_pixels", "untrained"
TRAINING = {  # columns that say how much training there was, with their labels
    "path_length": "path length",  # learning rate times trust coefficient, summed over all steps
    "displacement": "displacement",  # distance of the encoder's weights from their start, relative to it
}


def learned(read: Read, key: SettingKey) -> bool:
    """Tell whether CL learned something.

    In every setting its nearest-class-centre accuracy, as the mean over seeds, has to be above that of the better
    baseline. Where classes are swept, only settings with most classes count: few classes are easy by their pixels.
    """
    margins = accuracy_margins(read, key)
    if margins and "classes" not in dict(key.fields):
        most = max(dict(setting.fields)["classes"] for setting in margins)
        margins = {setting: margin for setting, margin in margins.items() if dict(setting.fields)["classes"] == most}
    return bool(margins) and all(margin.mean() > 0 for margin in margins.values())


def accuracy_margins(read: Read, key: SettingKey) -> dict[SettingKey, pd.Series]:
    """Accuracy of CL minus that of the better baseline, percentage points: by setting, then by seed."""
    rows = key.rows(pd.concat([read("probes"), read("baselines")]).query("probe == 'nccc'"))
    margins = {}
    for setting, group in settings_of(rows):
        accuracies = pivot_by_seed(group, "objective", ("cl", *BASELINES), "accuracy")
        margins[setting] = accuracies["cl"] - accuracies[list(BASELINES)].max(axis=1, skipna=False)
    return margins
