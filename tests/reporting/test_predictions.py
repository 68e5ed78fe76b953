"""Predictions against planted displacements."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting.claims.claims_forcing import rank_differences
from pipeline.reporting.measured import labelled
from pipeline.reporting.predictions import displacements, fit, predictions, rank_correlation

RUN = Run(dataset="cifar100", classes=100, epochs=2, temperature=0.5)
SHARES = {"nscl": (0.01, 0.02), "nscl_five": (0.2, 0.4), "nscl_two": (0.5, 1.2), "nscl_random_2": (0.5, 0.3)}
CONSTANT = 0.25


def planted(consistency=0.9):
    """CKA as the forcing says, with another consistency for each seed: (forcing, alignment)."""
    forcing, alignment = [], []
    for seed in (0, 1):
        run, r = RUN.model_copy(update={"seed": seed}), consistency + 0.02 * seed
        pairs = {"cl_perturbed": r}
        for name, (share, turned) in SHARES.items():
            pairs[name] = r / math.sqrt(1 + CONSTANT * turned)
            rows = [
                {"step": step, "path_length": step / 10, "objective": name, "largest_share": share}
                | {"square_mass": 4.0 * step**2, "forcing": turned * (step == 2)}
                for step in (2, 0, 1)
            ]
            forcing.append(labelled(run, pd.DataFrame(rows)))
        rows = [
            {"epoch": 2, "split": "test", "first": "cl", "second": n, "measure": "cka", "value": v}
            for n, v in pairs.items()
        ]
        alignment.append(labelled(run, pd.DataFrame(rows)))
    return pd.concat(forcing), pd.concat(alignment)


@pytest.fixture(scope="module")
def frame():
    return displacements(*planted())


def test_each_predictor_reads_its_own_columns(frame):
    row = frame.query("second == 'nscl_two' and seed == 1").iloc[0]
    assert (row["consistency"], row["forcing"]) == (pytest.approx(0.92), 1.2)
    odds = 0.5 / 0.5 * math.exp(2 / 0.5)
    assert row["theorem1"] == pytest.approx((2 * odds / (1 + odds)) ** 2)
    assert row["certificate"] == pytest.approx((0.1 * (0 / 2 + 2 + 4 / 2)) ** 2)  # trapezoids of the root, 2 step
    assert row["path_length"] == pytest.approx(0.04)
    assert len(frame) == 2 * len(SHARES)


def test_one_constant_of_one_twin_predicts_all_others_where_the_theory_is_true(frame):
    table = predictions(frame)
    forcing = table[table["predictor"] == "forcing"]
    assert forcing["predicted"].to_numpy() == pytest.approx(forcing["measured"].to_numpy(), abs=1e-3)
    assert forcing["error"].iloc[0] < 1e-3
    assert forcing["error_without"].iloc[0] < 1e-3
    assert forcing["rank"].iloc[0] == pytest.approx(1.0)
    theorem = table[table["predictor"] == "theorem1"]  # the same share for meaning and for chance
    two, random = (theorem.set_index("second").loc[name, "predicted"] for name in ("nscl_two", "nscl_random_2"))
    assert two == pytest.approx(random)
    assert theorem["error"].iloc[0] > 20 * forcing["error"].iloc[0]
    assert table.query("predictor == 'path_length'")["rank"].eq(0.0).all()


def test_a_twin_takes_no_part_in_its_own_prediction(frame):
    altered = frame.copy()
    altered.loc[altered["second"] == "nscl_five", "measured"] -= 0.2
    before, after = (predictions(f).query("predictor == 'forcing'").set_index("second") for f in (frame, altered))
    assert after.loc["nscl_five", "predicted_without"] == pytest.approx(before.loc["nscl_five", "predicted_without"])
    assert after.loc["nscl_two", "predicted_without"] != pytest.approx(
        before.loc["nscl_two", "predicted_without"], abs=1e-3
    )


@pytest.mark.parametrize("constant", [1e-6, 0.3, 1e7])
def test_the_fit_finds_a_planted_constant_of_any_size(constant):
    x = np.array([0.5, 1.0, 3.0]) / constant
    rows = pd.DataFrame({"displacement": x, "consistency": 0.9, "measured": 0.9 / np.sqrt(1 + constant * x)})
    assert fit(rows) == pytest.approx(constant, rel=1e-2)


def test_nothing_is_fitted_without_a_displacement_and_equal_displacements_have_no_order():
    assert math.isnan(fit(pd.DataFrame({"displacement": [-1.0, 0.0], "consistency": 0.9, "measured": 0.8})))
    assert rank_correlation([1.0, 1.0], [0.1, 0.2]) == 0.0
    assert rank_correlation([1.0, 5.0, 2.0], [0.1, 0.3, 0.2]) == pytest.approx(1.0)


def test_settings_are_predicted_together_and_named_by_how_they_differ():
    """Of three temperatures, whose names are those of the two that differ from the first, of most twins."""
    parts = [planted()]
    for temperature in (0.1, 1.0):
        parts.append(tuple(rows.assign(temperature=temperature) for rows in planted()))
        parts[-1] = (parts[-1][0].query("objective == 'nscl'"), parts[-1][1])
    table = predictions(displacements(*map(pd.concat, zip(*parts, strict=True))))
    forcing = table[table["predictor"] == "forcing"]
    assert forcing["setting"].value_counts().to_dict() == {"": 4, "temperature 0.1": 1, "temperature 1.0": 1}
    assert forcing.loc[forcing["is_reference"], "second"].tolist() == ["nscl_two"]
    assert forcing["error"].iloc[0] < 1e-3


def test_a_run_without_a_perturbed_copy_predicts_nothing():
    forcing, alignment = planted()
    lacking = alignment.query("not (second == 'cl_perturbed' and seed == 1)")
    assert displacements(forcing, lacking)["seed"].unique().tolist() == [0]


def test_the_claim_holds_where_the_forcing_orders_twins_and_fails_where_theorem_1_does():
    """Of eight seeds; by definition the difference of two rank correlations of each."""
    measured = {"forcing": [0.1, 0.2, 0.3, 0.4], "theorem1": [0.1, 0.3, 0.2, 0.4]}
    for best, sign in (("forcing", 1), ("theorem1", -1)):
        rows = pd.DataFrame({**measured, "consistency": 1.0, "measured": 1 - np.array(measured[best])})
        frame = pd.concat(rows.assign(seed=seed) for seed in range(8))
        assert rank_differences(frame) == pytest.approx([sign * (1 - 0.8)] * 8)  # 1 - 6 * 2 / (4 * 15) = 0.8
    assert rank_differences(frame.groupby("seed").head(2)) == []  # two twins have no order to speak of
