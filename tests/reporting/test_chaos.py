"""Rate and end of exponential growth, of planted gaps."""

import math

import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting.chaos import chaos_rows
from pipeline.reporting.measured import labelled

RUN = Run(dataset="digits", classes=10, epochs=2)
START, RATE, SATURATED = 2e-8, 0.3, 0.05


def gaps(steps, run=RUN):
    values = [min(START * math.exp(RATE * step), SATURATED) for step in steps]
    rows = pd.DataFrame({"step": steps, "first": "cl", "second": "cl_perturbed", "weight_gap": values})
    others = rows.assign(second="nscl", weight_gap=rows["step"] / 1000)  # starts at 0, and grows otherwise
    return labelled(run, pd.concat([rows, others], ignore_index=True))


def test_rate_and_end_are_the_planted_ones():
    rows = chaos_rows(gaps([100, 0, 10, 50, 20, 200]))  # steps in no order; 50 to 200 are saturated
    assert len(rows) == 1
    row = rows.iloc[0]
    assert row["growth_rate"] == pytest.approx(RATE)
    assert row["saturation_step"] == pytest.approx(math.log(SATURATED / START) / RATE)


def test_each_seed_has_a_row_and_a_run_without_growing_steps_has_none():
    seeds = [RUN.model_copy(update={"seed": seed}) for seed in (0, 1)]
    rows = chaos_rows(pd.concat(gaps([0, 10, 20, 100, 200], run) for run in seeds))
    assert rows["seed"].tolist() == [0, 1]
    assert chaos_rows(gaps([0, 100, 200])).empty
