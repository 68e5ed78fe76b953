import math

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.config.run import Run
from pipeline.config.theory_settings import DescentSettings
from pipeline.reporting.certificates import bounds_of_run, simulated_descent
from pipeline.system.files import write_csv
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.registry import MEASURES
from twin_alignment.theory.similarity_descent import descend, random_batches, random_start

RUN = Run(dataset="digits", classes=10, batch_size=128, epochs=2, seed=1)
CLASSES = [100] * 10


def steps(rates=(0.1, 0.2, 0.2, 0.1), masses=(0.04, 0.01, 0.01, 0.09)):
    """CL's in the order of training, two an epoch, between rows of another objective that have no masses."""
    when = {"epoch": np.arange(len(rates)) // 2 + 1, "step": np.arange(len(rates)) % 2 + 1}
    cl = pd.DataFrame({**when, "objective": "cl", "learning_rate": rates, "mean_square_mass": masses})
    other = cl.assign(objective="nscl", learning_rate=5.0, mean_square_mass=math.nan)
    return pd.concat([cl, other]).sort_values(["epoch", "step"], kind="stable")


def alignment(epoch, rows=1000, split="test", second="nscl", **values):
    """One row a measure."""
    measured = {"rho": 0.6, "cka": 0.9, "r": 0.8, "rsa": 0.7, "drift": 3.0, **values}
    table = pd.DataFrame({"measure": measured.keys(), "value": measured.values()})
    return table.assign(epoch=epoch, split=split, first="cl", second=second, rows=rows)


def bounds(*parts, run=RUN, of=None):
    return bounds_of_run(run, steps() if of is None else of, pd.concat(parts), CLASSES, 0.01)


@pytest.fixture
def table():
    return bounds(alignment(0), alignment(1), alignment(2), alignment(2, second="ce"))


def test_the_certificate_sums_the_masses_that_were_seen(table):
    n, tau = 256, 0.5
    terms = [
        eta * math.sqrt(2 * n * q2) / (tau * n) for eta, q2 in ((0.1, 0.04), (0.2, 0.01), (0.2, 0.01), (0.1, 0.09))
    ]
    assert np.exp(table["certificate_log"]).tolist() == pytest.approx([sum(terms[:2]), sum(terms)])


@pytest.mark.parametrize("noise", [0.05, 0.3, 1.0])
def test_what_the_corollaries_promise_is_kept_by_representations(noise):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8))
    pair = Pair(*(FeatureSet(torch.from_numpy(rows), "x") for rows in (x, x + noise * rng.normal(size=x.shape))))
    values = {name: measure(pair).value for name, measure in MEASURES.items()}
    row = bounds(alignment(2, rows=60, **values)).iloc[0]
    for measure, corollary, ratio in (("cka", "cka_corollary1", "rho"), ("rsa", "rsa_corollary2", "r")):
        assert row[measure] == values[measure]
        if values[ratio] < 1:
            assert 0 < row[corollary] < row[f"{measure}_sharp"] < row[measure]
        else:
            assert math.isnan(row[corollary])
            assert math.isnan(row[f"{measure}_sharp"])
    assert noise == 1.0 or values["r"] < 1


def test_a_descents_own_masses_certify_its_drift_and_each_bound_is_above_the_one_before():
    """The table of a run whose similarities did descend, with 2B = 64 anchors a step."""
    run = RUN.model_copy(update={"batch_size": 32})
    start, labels = random_start(100, 10, 16, seed=2)
    rates = np.linspace(0.5, 2.0, 4)
    found = descend(start, labels, random_batches(100, 64, 4, seed=2), rates.tolist(), run.temperature)
    masses = (np.diff(found.certificate, prepend=0) * run.temperature / rates) ** 2 * 64 / 2
    parts = [alignment(epoch, rows=100, drift=found.drift[2 * epoch - 1]) for epoch in (1, 2)]
    table = bounds(*parts, run=run, of=steps(rates, masses))
    assert np.exp(table["certificate_log"]).tolist() == pytest.approx(found.certificate[[1, 3]].tolist())
    chain = ("drift", "certificate", "nonexpansive", "telescoped", "theorem1", "theorem1_published")
    assert (table[[f"{name}_log" for name in chain]].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)


def test_rows_stand_in_the_order_of_the_alignment():
    found = bounds(*(alignment(epoch, split=split) for epoch in (2, 1) for split in ("train", "test")))
    assert list(zip(found["epoch"], found["split"], strict=True)) == [
        (2, "train"),
        (2, "test"),
        (1, "train"),
        (1, "test"),
    ]


def test_the_published_form_has_the_papers_anchors_and_the_others_both_views():
    """B = 128, tau = 0.5, C = 10, four steps with rates that sum to 0.6."""
    row = bounds(alignment(2)).iloc[0]
    assert (row["published_anchors"], row["anchors"]) == (128, 256)
    share = 0.1 + math.sqrt(math.log(4 * 128 / 0.01) / 256)
    odds = share / (1 - share) * math.exp(4)
    published, sharp = 2 * odds, 2 * odds / (1 + odds)
    theorem1 = {n: math.exp(0.6 / (2 * 0.25 * n)) * 0.6 / (0.5 * math.sqrt(n)) for n in (128, 256)}
    assert math.exp(row["mismatch_published_log"]) == pytest.approx(published)
    assert math.exp(row["mismatch_log"]) == pytest.approx(sharp)
    assert math.exp(row["theorem1_published_log"]) == pytest.approx(theorem1[128] * published)
    assert math.exp(row["theorem1_log"]) == pytest.approx(theorem1[256] * sharp)
    assert math.exp(row["nonexpansive_log"]) == pytest.approx(0.6 * sharp / (0.5 * 16))


@pytest.mark.parametrize(("batches", "largest"), [("permutation", 0.6), ("class_weighted", 0.5)])
def test_the_largest_share_is_that_of_the_images_or_of_the_draws(batches, largest):
    run = RUN.model_copy(update={"batches": batches})
    row = bounds_of_run(run, steps(), alignment(2), [60, 40], 0.01).iloc[0]
    assert row["share"] == pytest.approx(largest + math.sqrt(math.log(4 * 128 / 0.01) / 256))


@pytest.mark.parametrize(("classes", "largest"), [(1, 128), (2, 64), (3, 43)])
def test_batches_of_a_few_classes_have_a_share_without_chance(classes, largest):
    run = RUN.model_copy(update={"batches": f"{classes}_classes"})
    assert bounds_of_run(run, steps(), alignment(2), [60, 40, 50], 0.01).iloc[0]["share"] == largest / 128


def test_from_one_on_nothing_is_promised_of_either_measure(tmp_path):
    table = bounds(alignment(1, rho=0.5, r=1.0), alignment(2, rho=1.2, r=0.5))
    write_csv(tmp_path / "bounds.csv", table)
    text = pd.read_csv(tmp_path / "bounds.csv", dtype=str, keep_default_na=False)
    for column, first, second in (
        ("cka_corollary1", True, False),
        ("cka_sharp", True, False),
        ("rsa_corollary2", False, True),
        ("rsa_sharp", False, True),
    ):
        assert [value != "NA" for value in text[column]] == [first, second]


@pytest.mark.parametrize(("factor", "vacuous"), [(0.99, True), (1.01, False)])
def test_a_bound_is_vacuous_from_the_square_root_of_two_times_the_rows_on(factor, vacuous):
    bound = math.exp(bounds(alignment(2)).iloc[0]["theorem1_published_log"])
    row = bounds(alignment(2, rows=factor * bound / math.sqrt(2))).iloc[0]
    assert ("theorem1_published" in row["vacuous"].split("+")) == vacuous
    assert math.exp(row["limit_log"]) == pytest.approx(factor * bound)


def test_a_rate_above_the_limit_has_no_certificate():
    row = bounds(alignment(2), of=steps(rates=(0.1, 300.0, 0.1, 0.1))).iloc[0]
    assert math.isnan(row["certificate_log"])
    assert math.isnan(row["nonexpansive_log"])
    assert math.isfinite(row["telescoped_log"])


def test_the_simulation_keeps_the_chain():
    table = simulated_descent(DescentSettings(images=120, classes=6, batch=24, steps=60)).drop(columns="step")
    assert len(table) == 60
    assert list(table)[-1] == "theorem1_published_log"
    assert (table.diff(axis=1).iloc[:, 1:] >= -1e-9).all(axis=None)
