import math

import pandas as pd
import pytest

from pipeline.reporting.table1 import table1, table1_markdown
from pipeline.settings.run import Run
from tests.reporting.planted import PAPER, PUBLISHED_CLASSES

RUNS = [Run(dataset="cifar10", classes=10, epochs=3, seed=seed) for seed in (0, 1, 2)]


def probes(accuracies, converged=True, other="nscl"):
    """A run's measurements: CL at the given accuracy and another objective one above, by both probes."""
    return pd.DataFrame(
        [
            {"objective": objective, "probe": probe, "accuracy": accuracies + gain, "converged": converged}
            for objective, gain in (("cl", 0.0), (other, 1.0))
            for probe in ("nccc", "lp")
        ]
    )


def table_of(measured, objectives=("cl", "nscl")):
    return table1(objectives, measured, PAPER("table1"), PUBLISHED_CLASSES)


@pytest.fixture
def table():
    return table_of({run: probes(80.0 + run.seed) for run in RUNS})


def test_rows_are_means_over_seeds_beside_the_paper(table):
    row = table.query("dataset == 'cifar10' and objective == 'nscl' and probe == 'lp'").iloc[0]
    assert (row["mean"], row["n_seeds"], row["status"]) == (82.0, 3, "measured")
    assert row["ci_high"] - row["mean"] == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)  # t of two degrees
    assert row["paper"] == 94.09
    assert row["deviation"] == pytest.approx(82.0 - 94.09)
    assert (row["encoder"], row["epochs"], row["denominator"]) == ("resnet50-w64", 3, "paper")


def test_the_papers_other_data_sets_are_there_as_not_run(table):
    published = PAPER("table1")
    others = table.query("status == 'not run'")
    assert sorted(others["paper"]) == sorted(published.query("dataset != 'cifar10'")["value"])
    assert others[["mean", "ci_low", "ci_high", "deviation"]].isna().all(axis=None)
    assert set(others["n_seeds"]) == {0}


def test_a_subset_of_the_classes_is_not_compared_with_the_paper():
    run = Run(dataset="cifar10", classes=5, epochs=3)
    table = table_of({run: probes(70.0)}, ["cl"])
    assert table.query("status == 'measured'")["paper"].isna().all()
    assert len(table.query("dataset == 'cifar10' and status == 'not run'")) == 8


def test_a_probe_that_did_not_converge_is_marked():
    run = RUNS[0]
    table = table_of({run: probes(70.0, converged=False)}, ["cl"])
    assert set(table.query("n_seeds == 1")["status"]) == {"measured, probe not converged"}
    text = table1_markdown(table)
    assert "70.0 (88.37) (probe not converged)" in text


def test_the_readable_table_shows_mean_interval_and_paper(table):
    text = table1_markdown(table)
    assert "81.0 ± 2.5 (88.37)" in text
    assert "not run (40.59)" in text


def test_an_objective_of_ones_own_has_its_row_and_no_published_value():
    table = table_of({run: probes(80.0, other="mine.loss") for run in RUNS}, ["cl", "mine.loss"])
    own = table.query("objective == 'mine.loss'")
    assert own["mean"].tolist() == [81.0, 81.0]
    assert own["paper"].isna().all()
    assert "| MINE.LOSS |" in table1_markdown(table)
