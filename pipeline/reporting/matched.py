"""Runs of a sweep over classes that may be compared: fewer classes have fewer images, and so fewer steps an epoch."""

import pandas as pd

STEPS_ALIKE = 0.1  # share by which numbers of steps may differ that count as the same: epochs are whole numbers


def at_steps_of_most_classes(ends: pd.DataFrame) -> pd.DataFrame:
    """Of rows at the end of runs, with `steps`: those with as many steps as the longest run with most classes."""
    steps = float(_with_most_classes(ends)["steps"].max())
    return ends[(ends["steps"] / steps - 1).abs() <= STEPS_ALIKE]


def at_epochs_of_most_classes(ends: pd.DataFrame) -> pd.DataFrame:
    """Of rows at the end of runs: those with as many epochs as the longest run with most classes."""
    epochs = float(_with_most_classes(ends)["epochs"].max())
    return ends[ends["epochs"] == epochs]


def _with_most_classes(ends: pd.DataFrame) -> pd.DataFrame:
    most = float(ends["classes"].max())
    return ends[ends["classes"] == most]
