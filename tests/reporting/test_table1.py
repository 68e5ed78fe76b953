import math

import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting.accuracy_table import table1, table1_markdown
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


def baselines(run, accuracy=40.0):
    """Of a run's subset, as another stage measures it."""
    rows = [{"objective": "raw_pixels", "probe": p, "accuracy": accuracy, "converged": True} for p in ("nccc", "lp")]
    return {run.subset: pd.DataFrame(rows)}


def moved(run):
    """Path length and displacement grow with the epoch and the seed; CL's and another objective's differ."""
    return pd.DataFrame(
        [
            {"epoch": e, "objective": o, "path_length": e + run.seed, "displacement": (e + run.seed) * f}
            for e in (0, 1, run.epochs)
            for o, f in (("cl", 0.1), ("nscl", 0.2))
        ]
    )


def table_of(measured, objectives=("cl", "nscl"), raw=None):
    raw = raw or {subset: rows for run in measured for subset, rows in baselines(run).items()}
    movement = {run: moved(run) for run in measured}
    return table1(objectives, measured, raw, movement, PAPER("table1"), PUBLISHED_CLASSES, {})


@pytest.fixture
def table():
    return table_of({run: probes(80.0 + run.seed) for run in RUNS})


def test_rows_are_means_over_seeds_beside_the_paper(table):
    row = table.query("dataset == 'cifar10' and objective == 'nscl' and probe == 'lp'").iloc[0]
    assert (row["mean"], row["n_seeds"], row["status"]) == (82.0, 3, "measured")
    assert row[["ci_low", "ci_high"]].isna().all()  # of three seeds
    assert row["paper"] == 94.09
    assert row["deviation"] == pytest.approx(82.0 - 94.09)
    assert (row["encoder"], row["epochs"], row["denominator"]) == ("resnet50-w64", 3, "paper")


def test_five_seeds_have_an_interval():
    runs = [RUNS[0].model_copy(update={"seed": seed}) for seed in range(5)]
    row = (
        table_of({run: probes(80.0 + run.seed) for run in runs}).query("objective == 'nscl' and probe == 'lp'").iloc[0]
    )
    half = 2.776445 * math.sqrt(2.5 / 5)  # t of four degrees
    assert (row["mean"] - row["ci_low"], row["ci_high"] - row["mean"]) == pytest.approx((half, half), rel=1e-6)


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
    assert set(table.query("objective == 'cl' and n_seeds == 1")["status"]) == {"measured, probe not converged"}
    text = table1_markdown(table)
    assert "70.0 (88.37) (probe not converged)" in text


def with_untrained(run, accuracy):
    row = {"objective": "untrained", "probe": "nccc", "accuracy": accuracy, "converged": True}
    return pd.concat([probes(80.0 + run.seed), pd.DataFrame([row])], ignore_index=True)


def test_what_takes_no_training_stands_first():
    table = table_of({run: with_untrained(run, 30.0 + run.seed) for run in RUNS}).query("status == 'measured'")
    assert list(dict.fromkeys(table["objective"])) == ["raw_pixels", "untrained", "cl", "nscl"]
    (untrained,) = table.query("objective == 'untrained'").to_dict("records")
    assert (untrained["mean"], untrained["n_seeds"], untrained["displacement"]) == (31.0, 3, 0.0)
    assert untrained["path_length"] == 0.0


def test_a_subset_that_seeds_share_has_its_raw_pixels_counted_once():
    shared = [run.model_copy(update={"subset_seed": 7}) for run in RUNS]
    one = table_of({run: probes(80.0) for run in shared}, raw=baselines(shared[0]))
    (row,) = one.query("objective == 'raw_pixels' and probe == 'lp'").to_dict("records")
    assert (row["mean"], row["n_seeds"]) == (40.0, 1)
    assert math.isnan(row["ci_low"])
    own = [run.model_copy(update={"subset_seed": None}) for run in RUNS]
    raw = {subset: rows for run in own for subset, rows in baselines(run, 40.0 + 3 * run.seed).items()}
    (row,) = (
        table_of({run: probes(80.0) for run in own}, raw=raw)
        .query("objective == 'raw_pixels' and probe == 'lp'")
        .to_dict("records")
    )
    assert (row["mean"], row["n_seeds"]) == (43.0, 3)


def test_how_much_training_it_was_is_the_seeds_mean_at_the_last_epoch(table):
    (row,) = table.query("objective == 'nscl' and probe == 'lp' and n_seeds > 0").to_dict("records")
    assert row["path_length"] == pytest.approx((3 + 4 + 5) / 3)
    assert row["displacement"] == pytest.approx(0.2 * (3 + 4 + 5) / 3)
    pixels = table.query("objective == 'raw_pixels'")
    assert pixels[["path_length", "displacement"]].isna().all(axis=None)
    text = table1_markdown(table).split("## How much training")[1].split("## Not run")[0]
    assert "| path length | 4.000 | 4.000 |" in " ".join(text.split())
    assert "RAW PIXELS" not in text
