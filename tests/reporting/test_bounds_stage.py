import math

import numpy as np
import pandas as pd
import pytest

from pipeline.reporting.bounds import bounds_of_run, simulated
from pipeline.runs import Run

RUN = Run(dataset="digits", classes=10, batch_size=128, epochs=2, seed=1)
STEPS = pd.DataFrame(
    {
        "epoch": [1, 1, 2, 2],
        "step": [1, 2, 1, 2],
        "learning_rate": [0.1, 0.2, 0.2, 0.1],
        "mean_square_mass": [0.04, 0.01, 0.01, 0.09],
    }
)


def alignment(epoch, drift=3.0, rows=1000):
    measured = {"rho": 0.6, "cka": 0.9, "r": 0.8, "rsa": 0.7, "drift": drift, "rows": rows}
    return {"epoch": epoch, "split": "test", "first": "cl", "second": "nscl", **measured}


@pytest.fixture
def table():
    other = {**alignment(2), "second": "ce"}
    return bounds_of_run(RUN, STEPS, pd.DataFrame([alignment(0), alignment(1), alignment(2), other]), [100] * 10)


def test_there_is_a_row_for_every_epoch_that_moved_of_cl_and_nscl(table):
    assert table["epoch"].tolist() == [1, 2]
    assert table["steps"].tolist() == [2, 4]
    assert table["sum_of_rates"].tolist() == pytest.approx([0.3, 0.6])
    assert set(table["seed"]) == {1}


def test_the_certificate_sums_the_masses_that_were_seen(table):
    n, tau = 256, 0.5
    terms = [
        eta * math.sqrt(2 * n * q2) / (tau * n) for eta, q2 in ((0.1, 0.04), (0.2, 0.01), (0.2, 0.01), (0.1, 0.09))
    ]
    assert np.exp(table["certificate_log"]).tolist() == pytest.approx([sum(terms[:2]), sum(terms)])


def test_each_bound_is_above_the_one_before(table):
    logs = table[
        [f"{name}_log" for name in ("certificate", "nonexpansive", "telescoped", "theorem1", "theorem1_published")]
    ]
    assert (logs.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)


def test_corollaries_stand_beside_what_was_measured(table):
    row = table.iloc[0]
    assert (row["cka_corollary1"], row["cka_sharp"]) == (pytest.approx(0.4 / 1.6), pytest.approx(0.8))
    assert (row["rsa_corollary2"], row["rsa_sharp"]) == (pytest.approx(0.2 / 1.8), pytest.approx(0.6))


def test_a_bound_that_reaches_the_largest_distance_is_called_vacuous():
    few = bounds_of_run(RUN, STEPS, pd.DataFrame([alignment(2, rows=5)]), [100] * 10).iloc[0]
    assert few["vacuous"] == "none"  # everything is below 2 x 5 after so few small steps
    cold = RUN.model_copy(update={"temperature": 0.05})
    found = bounds_of_run(cold, STEPS, pd.DataFrame([alignment(2, rows=5)]), [100] * 10).iloc[0]
    assert "theorem1_published" in found["vacuous"].split("+")
    assert "certificate" not in found["vacuous"].split("+")


def test_a_rate_above_the_limit_has_no_certificate():
    fast = STEPS.assign(learning_rate=[0.1, 300.0, 0.1, 0.1])
    row = bounds_of_run(RUN, fast, pd.DataFrame([alignment(2)]), [100] * 10).iloc[0]
    assert math.isnan(row["certificate_log"])
    assert math.isnan(row["nonexpansive_log"])
    assert math.isfinite(row["telescoped_log"])


def test_the_simulation_keeps_the_chain():
    table = simulated().drop(columns="step")
    assert (table.diff(axis=1).iloc[:, 1:] >= -1e-9).all(axis=None)
