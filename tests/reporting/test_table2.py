import itertools

import pandas as pd
import pytest

from pipeline.config.references import PROJECT
from pipeline.config.run import Run
from pipeline.planning.table_job import TableJob
from pipeline.reporting.agreement_table import table2, table2_markdown
from pipeline.reporting.measured_tables import reader
from pipeline.reporting.paper_values import PAPER_VALUES
from pipeline.stages import comparison
from pipeline.stages import table2 as table2_stage
from pipeline.system.files import write_csv
from tests.reporting.planted import PAPER, PUBLISHED_CLASSES
from twin_alignment.measures.registry import MEASURES

RUNS = [Run(dataset="cifar100", classes=100, epochs=3, seed=seed) for seed in (0, 1, 2)]


def alignment(cka, second="nscl"):
    """Another value at an earlier epoch, and RSA at half of CKA."""
    parts = {"cka": lambda v: v, "cka_raw": lambda v: v / 3, "cka_debiased": lambda v: v - 0.01, "rsa": lambda v: v / 2}
    pair = {"first": "cl", "second": second}
    return pd.DataFrame(
        [
            {"epoch": epoch, "split": split, **pair, "measure": measure, "value": of(cka + (epoch == 1))}
            for epoch, split, (measure, of) in itertools.product((1, 3), ("train", "test"), parts.items())
        ]
    )


def table_of(measured, objectives=("cl", "nscl")):
    return table2(objectives, measured, pd.concat([PAPER("fig2"), PAPER("text")]), PUBLISHED_CLASSES, {})


@pytest.fixture
def table():
    return table_of({run: alignment(0.9 + run.seed / 100) for run in RUNS})


def published(epoch=None):
    shown = PAPER("fig2").query("dataset == 'cifar100' and objective == 'nscl' and measure == 'cka'")
    shown = shown.assign(epoch=shown["epoch"].astype(int)).set_index("epoch")["value"]
    return shown.loc[shown.index.max() if epoch is None else epoch]


def test_rows_are_means_over_seeds_at_the_last_epoch(table):
    row = table.query("status == 'measured' and split == 'train' and measure == 'cka'").iloc[0]
    assert (row["mean"], row["n_seeds"], row["epochs"]) == (pytest.approx(0.91), 3, 3)
    assert row[["ci_low", "ci_high"]].isna().all()  # of three seeds


def test_a_value_of_another_epoch_is_shown_with_its_epoch_and_not_subtracted(table):
    row = table.query("status == 'measured' and split == 'train' and measure == 'cka'").iloc[0]
    assert (row["paper"], row["paper_epoch"]) == (published(), 1200)
    assert table["deviation"].isna().all()


@pytest.mark.parametrize("epochs", [200, 1000])
def test_at_a_published_epoch_both_forms_of_cka_are_held_against_it(epochs):
    runs = [run.model_copy(update={"epochs": epochs}) for run in RUNS]
    measured = {run: alignment(0.9 + run.seed / 100).replace({"epoch": {3: epochs}}) for run in runs}
    rows = table_of(measured).query("status == 'measured' and split == 'train'").set_index("measure")
    assert rows.loc[["cka", "cka_raw"], "paper"].tolist() == [published(epochs)] * 2
    assert rows.loc[["cka", "cka_raw"], "paper_epoch"].tolist() == [epochs] * 2
    assert rows.loc["cka", "deviation"] == pytest.approx(0.91 - published(epochs))
    assert rows.loc["cka_raw", "deviation"] == pytest.approx(0.91 / 3 - published(epochs))
    assert rows.loc["cka_debiased", ["paper", "deviation"]].isna().all()


def test_what_the_paper_does_not_show_has_no_published_value(table):
    rows = table.query("status == 'measured' and (measure == 'cka_debiased' or split == 'test')")
    assert len(rows) == 2 + 4 - 1
    assert rows["paper"].isna().all()
    assert rows["paper_epoch"].isna().all()


def test_the_papers_other_data_sets_are_there_as_not_run(table):
    others = table.query("status == 'not run'")
    assert set(others["dataset"]) == {"mini_imagenet", "tiny_imagenet"}
    assert others["mean"].isna().all()
    assert others["paper"].notna().all()
    assert 0.043 in set(others["paper"])  # the text's value for Tiny-ImageNet, on test images


def test_a_subset_of_the_classes_is_not_compared_with_the_paper():
    run = Run(dataset="cifar100", classes=5, epochs=3)
    table = table_of({run: alignment(0.9)})
    assert table.query("status == 'measured'")["paper"].isna().all()
    assert "cifar100" in set(table.query("status == 'not run'")["dataset"])


def test_the_readable_table_has_a_row_per_pair_and_split_and_a_column_per_measure(table):
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table2_markdown(table).splitlines()]
    rows = [dict(zip(lines[2], line, strict=True)) for line in lines if line and line[0].startswith("cifar")]
    assert list(rows[0])[3:] == [measure.label for measure in MEASURES.values() if measure.table]
    assert [row["split"] for row in rows] == ["train", "test"]
    assert (rows[0]["dataset"], rows[0]["pair"]) == ("cifar100, C = 100", "CL–NSCL")
    assert rows[0]["CKA"] == "0.910 (0.770 at epoch 1200)"
    assert (rows[1]["CKA"], rows[1]["RSA"]) == ("0.910", "0.455")  # of three seeds
    assert "not run (0.043 at epoch 1000)" in table2_markdown(table)


def test_one_objective_alone_has_its_accuracy_and_nothing_to_compare(tmp_path):
    """Its file of pairs is empty: without a pair there was no row that could have named the columns."""
    run = RUNS[0]
    accuracies = [{"objective": o, "probe": "lp", "accuracy": 50.0, "converged": True} for o in ("raw_pixels", "cl")]
    moved = {"objective": "cl", "epoch": 3, "path_length": 1.0, "displacement": 0.5}
    tables = {"probes": accuracies[1:], "baselines": accuracies[:1], "movement": [moved], "alignment": []}
    inputs = {"paper_values": [PROJECT / PAPER_VALUES["paper_values"]]}
    for kind, rows in tables.items():
        inputs[kind] = [tmp_path / f"{kind}.csv"]
        write_csv(*inputs[kind], pd.DataFrame(rows))
    job = TableJob(runs=(run,), objectives=("cl",), published_classes={}, diverged={})
    outputs = {kind: tmp_path / f"{kind}.csv" for kind in ("accuracy", "agreement", "table2", "table2_text")}
    comparison.run(job, inputs, outputs)
    assert pd.read_csv(outputs["accuracy"]).query("objective == 'cl'")["mean"].tolist() == [50.0]
    assert pd.read_csv(outputs["agreement"]).empty
    table2_stage.run(job, inputs, outputs, notes=[])
    assert "Nothing was compared with CL" in outputs["table2_text"].read_text()
    assert reader(inputs, {"alignment": [run]})([run])("alignment").query("first == 'cl'").empty
