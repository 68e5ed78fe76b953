"""Exponential growth of a perturbation in training: its rate, and the step at which it saturates."""

import math

import numpy as np
import pandas as pd

from pipeline.reporting.twin_names import FLOOR

MIN_HEADROOM = 10.0  # of the saturated gap over one that counts as growing: nearer to it growth slows down
MIN_STEPS = 2  # for a slope


def growth_title(table: pd.DataFrame, dataset: object, classes: object) -> str:
    """Rate and end of the growth in a figure's table with rows of `chaos_rows`, as a line below a title; or nothing."""
    rows = table[(table["dataset"] == dataset) & (table["classes"] == classes)]
    means = rows.drop_duplicates("measure").set_index("measure")["mean"]
    if "growth_rate" not in means:
        return ""
    return f"\nλ = {means['growth_rate']:.2f}, T* = {means['saturation_step']:.0f} steps"


def chaos_rows(early: pd.DataFrame) -> pd.DataFrame:
    """Growth of the weight gap between CL and its copy with one weight moved, run by run.

    A gap of e^{lambda t} times its start saturates at T* = log(saturated / start) / lambda. The saturated gap is that
    at the end of training.

    Args:
        early: rows of the stage `early`, with the runs' fields.

    Returns:
        dataset, classes, second, seed, growth_rate (lambda, natural logarithm, a step), saturation_step (T*); no row
        for a run with fewer than MIN_STEPS kept steps before the gap saturates.
    """
    pairs = early.query("first == 'cl' and second == @FLOOR and weight_gap > 0")
    rows = []
    for (dataset, classes, seed), run in pairs.groupby(["dataset", "classes", "seed"], sort=False, dropna=False):
        ordered = run.sort_values("step")
        saturated = float(ordered["weight_gap"].iloc[-1])
        growing = ordered[ordered["weight_gap"] <= saturated / MIN_HEADROOM]
        if len(growing) < MIN_STEPS:
            continue
        rate = float(np.polyfit(growing["step"], np.log(growing["weight_gap"]), 1)[0])
        step = math.log(saturated / float(growing["weight_gap"].iloc[0])) / rate if rate > 0 else math.inf
        rows.append((dataset, classes, FLOOR, seed, rate, step))
    return pd.DataFrame(rows, columns=["dataset", "classes", "second", "seed", "growth_rate", "saturation_step"])
