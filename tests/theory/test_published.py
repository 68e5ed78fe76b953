import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from pipeline.reporting.published_settings import SCHEDULES, SETTINGS, bounds_of_setting, published_path_length
from pipeline.stages import promised as stage

BY_NAME = {setting.dataset: setting for setting in SETTINGS}
ALL = {key: bounds_of_setting(BY_NAME[key[0]], key[1], 0.01) for key in itertools.product(BY_NAME, SCHEDULES)}


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_theorem_1_is_the_papers_formula_with_the_texts_schedule(dataset):
    """Peak 1.2 = 0.3 * 1024 / 256; 48 full batches of 50,000; a line over 10 of 1000 epochs, then half a cosine."""
    classes, tau = {"cifar10": (10, 0.5), "cifar100": (100, 0.1)}[dataset]
    found = ALL[dataset, "text"]
    warm, steps = 480, 48_000
    total = 1.2 * sum((t + 1) / warm for t in range(warm))
    total += 1.2 * sum(math.cos(math.pi * t / (steps - warm) / 2) ** 2 for t in range(steps - warm))
    share = 1 / classes + math.sqrt(math.log(steps * 1024 / 0.01) / 2048)
    log10_delta = math.log10(2 * share / (1 - share)) + 2 / tau / math.log(10)
    expected = total / (2 * tau**2 * 1024) / math.log(10) + math.log10(total) + log10_delta - math.log10(tau * 32)
    assert found.sum_of_rates == pytest.approx(total)
    assert found.theorem1_published_log10 == pytest.approx(expected)


def test_the_released_schedule_sums_to_its_formula():
    found = ALL["cifar10", "released_code"]
    rates = [1.2 * min(1, (e + 1) / 10) * (1 + math.cos(math.pi * e / 1201)) / 2 for e in range(1201)]
    assert found.sum_of_rates == pytest.approx(48 * sum(rates))
    assert found.steps == 48 * 1201


@pytest.mark.parametrize("key", ALL)
def test_each_form_is_sharper_than_the_one_before(key):
    found = ALL[key]
    chain = [found.nonexpansive_log10, found.telescoped_log10, found.theorem1_log10, found.theorem1_published_log10]
    assert chain == sorted(chain)
    assert found.mismatch <= 2
    assert found.limit_train_log10 == pytest.approx(math.log10(math.sqrt(2) * found.train_images))


@pytest.mark.parametrize("key", ALL)
def test_a_cka_is_promised_where_the_drift_is_less_than_the_kernel(key):
    found = ALL[key]
    assert math.isnan(found.cka_published) == (10**-4 * 10 ** min(found.theorem1_published_log10, 300) >= 1)
    drift = 10**found.nonexpansive_log10
    for cka, norm in (
        (found.cka, found.train_images),
        (found.cka_collapsed, found.train_images / math.sqrt(found.classes - 1)),
    ):
        if drift < norm:
            assert cka == pytest.approx(math.sin(math.acos(drift / norm)))
        else:
            assert math.isnan(cka)


def test_the_kernels_norms_are_those_of_such_representations():
    """Collapsed: four rows on each of five vertices of a simplex. Largest: one direction, half the rows each way."""
    vertices = np.eye(5) - 0.2
    unit = np.repeat(vertices / np.linalg.norm(vertices, axis=1, keepdims=True), 4, axis=0)
    centre = np.eye(20) - 1 / 20
    assert np.linalg.norm(centre @ unit @ unit.T @ centre) == pytest.approx(20 / math.sqrt(5 - 1))
    signs = np.array([1.0, -1.0] * 10)
    assert np.linalg.norm(centre @ np.outer(signs, signs) @ centre) == pytest.approx(20)


def test_the_stage_writes_a_row_for_every_setting_and_schedule(tmp_path):
    job = type("Job", (), {"delta": 0.01})
    stage.run(job, {}, {"promised": tmp_path / "promised.csv"})
    table = pd.read_csv(tmp_path / "promised.csv")
    assert list(zip(table["dataset"], table["schedule"], strict=True)) == list(ALL)
    assert list(table) == [field.name for field in dataclasses.fields(ALL["cifar10", "text"])]
    assert table["theorem1_published_log10"].tolist() == pytest.approx(
        [found.theorem1_published_log10 for found in ALL.values()]
    )
    assert table["cka_published"].isna().all()


def test_the_whole_path_is_that_of_all_steps():
    setting = next(setting for setting in SETTINGS if setting.dataset == "cifar100")
    whole = published_path_length("cifar100", setting.released_epochs - 1)
    assert whole == pytest.approx(0.001 * bounds_of_setting(setting, "released_code", 0.01).sum_of_rates)
    assert 0 < published_path_length("cifar100", 0) < published_path_length("cifar100", 600) < whole
