import itertools
import math

import numpy as np
import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.planning.table_job import TableJob
from pipeline.reporting.across_seeds import disattenuated_cka, seed_pairs
from pipeline.reporting.agreement_table import table2, table2_markdown
from pipeline.stages.table2 import compared_across_seeds
from tests.reporting.planted import CL_CKA, CONTROLLED, CROSS_CKA, TWIN_CKA
from tests.reporting.planted_figures import MODULES, table_of

SEEDS = (0, 1, 2, 5)
VALUES = np.random.default_rng(0).uniform(0.3, 0.9, size=(3, 6, 6))  # CL, the twin, across; by pair of seeds
T_OF_THREE = 3.182446  # 97.5 % of Student's t with three degrees of freedom


def rows(kind, pairs, values, **where):
    table = [{"first_seed": i, "second_seed": j, "value": values[i, j]} for i, j in pairs(SEEDS, 2)]
    return pd.DataFrame(table).assign(measure="cka", split="test", epoch=2, **kind, **where)


@pytest.fixture
def pairs():
    cl = rows({}, itertools.combinations, VALUES[0])
    twins = pd.concat(
        [
            rows({"first": "nscl", "second": "nscl"}, itertools.combinations, VALUES[1]),
            rows({"first": "cl", "second": "nscl"}, itertools.permutations, VALUES[2]),
        ]
    )
    others = [twins.assign(measure="rsa", value=0.1), cl.assign(measure="rsa", value=0.1, first="cl", second="cl")]
    return pd.concat([seed_pairs(cl, twins), *others], ignore_index=True)


def by_loops(seeds):
    """The definition: means over pairs i != j on top and below."""
    across = [VALUES[2, i, j] for i in seeds for j in seeds if i != j]
    cl, twin = ([VALUES[k, i, j] for i in seeds for j in seeds if i < j] for k in (0, 1))
    return np.mean(across) / math.sqrt(np.mean(cl) * np.mean(twin))


def test_value_and_interval_are_those_of_the_jackknife_over_seeds(pairs):
    found = disattenuated_cka(pairs, SEEDS)
    assert list(found) == ["nscl"]
    without = [by_loops([s for s in SEEDS if s != left_out]) for left_out in SEEDS]
    error = math.sqrt(3 / 4 * sum((value - np.mean(without)) ** 2 for value in without))
    value, half = by_loops(SEEDS), T_OF_THREE * error
    interval = found["nscl"]
    assert (interval.mean, interval.n) == (pytest.approx(value), 4)
    assert (interval.low, interval.high) == pytest.approx((value - half, value + half), rel=1e-5)


def test_seeds_count_where_both_networks_have_not_collapsed(pairs):
    collapsed = ((pairs["second"] == "nscl") & (pairs["second_seed"] == 5)) | (
        (pairs["first"] == "nscl") & (pairs["first_seed"] == 5)
    )
    pairs.loc[collapsed, "value"] = math.nan
    assert disattenuated_cka(pairs, SEEDS)["nscl"].mean == pytest.approx(by_loops((0, 1, 2)))
    assert disattenuated_cka(pairs, (0, 1, 5)) == {}
    assert disattenuated_cka(pairs, (0, 1, 2))["nscl"].n == 3


def test_table_2_has_it_next_to_cka_of_settings_with_three_seeds(pairs):
    runs = [Run(dataset="digits", classes=10, epochs=2, seed=seed) for seed in SEEDS]
    few = [Run(dataset="digits", classes=5, epochs=2, seed=seed) for seed in (0, 1)]
    alignment = pd.DataFrame(
        {"epoch": 2, "split": "test", "first": "cl", "second": second, "measure": m, "value": 0.5}
        for second in ("nscl", "ce")
        for m in ("cka", "cka_raw", "cka_debiased", "rsa")
    )
    paper = pd.DataFrame(columns=["dataset", "split", "epoch", "objective", "measure", "value"])
    measured = dict.fromkeys((*runs, *few), alignment)
    earlier = pairs.assign(epoch=1, value=0.01)
    across = {runs[0].setting: pd.concat([pairs, earlier], ignore_index=True)}
    table = table2(("cl", "nscl", "ce"), measured, paper, {}, {}, across)
    row = table.query("measure == 'cka_disattenuated'").squeeze()
    assert (row["second"], row["split"], row["n_seeds"], row["status"]) == ("nscl", "test", 4, "measured")
    assert row["mean"] == pytest.approx(by_loops(SEEDS))
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table2_markdown(table).splitlines()[2:8]]
    assert cells[0][3:5] == ["CKA", "CKA, disattenuated"]
    assert [line[4] == "–" for line in cells[2:]] == [False, True, True, True]
    assert "CKA, disattenuated" not in table2_markdown(table2(("cl", "nscl", "ce"), measured, paper, {}, {}))


@pytest.mark.parametrize(
    ("fields", "seeds", "objectives", "expected"),
    [
        ({}, 3, ("cl", "nscl"), True),
        ({}, 2, ("cl", "nscl"), False),
        ({"classes": 5, "subset_seed": None}, 3, ("cl", "nscl"), False),
        ({}, 3, ("nscl", "scl"), False),
        ({}, 3, ("cl",), False),
    ],
)
def test_settings_whose_seeds_share_classes_are_read_where_three_are_in_the_table(fields, seeds, objectives, expected):
    runs = tuple(Run(dataset="digits", seed=seed, **fields) for seed in range(seeds))
    job = TableJob(runs=runs, objectives=objectives, published_classes={}, diverged={})
    names = [runs[0].setting.name] if expected else []
    assert compared_across_seeds(job) == {"between_seeds": names, "twins_between_seeds": names}


def test_controls_have_hollow_markers_of_it():
    table = table_of("controls", twins=CONTROLLED).query("dataset == 'digits'")
    corrected = table[table["measure"] == "cka_disattenuated"].set_index("second")["mean"]
    assert set(corrected.index) == set(CONTROLLED)
    assert corrected["nscl"] == pytest.approx(CROSS_CKA / math.sqrt(TWIN_CKA * sum(CL_CKA) / 3))
    axes = MODULES["controls"].draw(table).axes[0]
    hollow = [bar.lines[0] for bar in axes.containers if bar.lines[0].get_markerfacecolor() == "none"]
    assert [marker.get_xdata().item() for marker in hollow] == pytest.approx([corrected["nscl"]] * len(CONTROLLED))
    assert axes.get_xlim()[1] >= corrected.max()
    assert table.loc[table["measure"] == "cka_disattenuated", "ci_high"].isna().all()  # of three seeds
