import math

import pandas as pd
import pytest

from pipeline.reporting.reference import paper_values
from pipeline.reporting.table2 import table2, table2_markdown
from pipeline.runs import Run

RUNS = [Run(dataset="cifar100", classes=100, epochs=3, seed=seed) for seed in (0, 1, 2)]


def alignment(cka):
    """Another value at an earlier epoch, and RSA at half of CKA."""
    rows = [(epoch, split, cka + (epoch == 1)) for epoch in (1, 3) for split in ("train", "test")]
    return pd.DataFrame(
        [
            {
                "epoch": epoch,
                "split": split,
                "first": "cl",
                "second": "nscl",
                "cka": value,
                "cka_raw": value / 3,
                "cka_debiased": value - 0.01,
                "rsa": value / 2,
            }
            for epoch, split, value in rows
        ]
    )


@pytest.fixture
def table():
    return table2(RUNS, ["cl", "nscl"], {run: alignment(0.9 + run.seed / 100) for run in RUNS})


def test_rows_are_means_over_seeds_at_the_last_epoch_beside_the_last_published_value(table):
    row = table.query("status == 'measured' and split == 'train' and measure == 'cka'").iloc[0]
    assert (row["mean"], row["n_seeds"], row["epochs"]) == (pytest.approx(0.91), 3, 3)
    assert row["ci_high"] - row["mean"] == pytest.approx(4.302653 * 0.01 / math.sqrt(3), rel=1e-6)
    shown = paper_values("fig2").query("dataset == 'cifar100' and objective == 'nscl' and measure == 'cka'")
    last = shown.assign(epoch=shown["epoch"].astype(int)).sort_values("epoch").iloc[-1]
    assert row["paper"] == last["value"]
    assert row["deviation"] == pytest.approx(0.91 - last["value"])


def test_what_the_paper_does_not_show_has_no_published_value(table):
    rows = table.query("status == 'measured' and (measure in ('cka_raw', 'cka_debiased') or split == 'test')")
    assert len(rows) == 2 * 2 + 2
    assert rows["paper"].isna().all()


def test_the_papers_other_data_sets_are_there_as_not_run(table):
    others = table.query("status == 'not run'")
    assert set(others["dataset"]) == {"mini_imagenet", "tiny_imagenet"}
    assert others["mean"].isna().all()
    assert others["paper"].notna().all()
    assert 0.043 in set(others["paper"])  # the text's value for Tiny-ImageNet, on test images


def test_a_subset_of_the_classes_is_not_compared_with_the_paper():
    run = Run(dataset="cifar100", classes=5, epochs=3)
    table = table2([run], ["cl", "nscl"], {run: alignment(0.9)})
    assert table.query("status == 'measured'")["paper"].isna().all()
    assert "cifar100" in set(table.query("status == 'not run'")["dataset"])


def test_only_the_asked_pairs_are_shown():
    assert table2(RUNS, ["cl", "scl"], {run: alignment(0.9) for run in RUNS}).query("n_seeds > 0").empty


def test_the_readable_table_has_a_row_per_pair_and_split(table):
    text = table2_markdown(table)
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| cifar")
    ]
    assert cells[0][:4] == ["cifar100 C=100", "CL–NSCL", "train", "0.910 [0.885, 0.935] (0.770)"]
    assert cells[1][:5] == ["cifar100 C=100", "CL–NSCL", "test", "0.910 [0.885, 0.935]", "0.455 [0.443, 0.467]"]
    assert "not run (0.043)" in text
