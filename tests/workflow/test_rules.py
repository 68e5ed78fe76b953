"""What runs again after which change, and what never does."""

import json
import re

import pandas as pd
import pytest

REPORT = {"claims", "html"}
THEORY = {"bounds", "curvature", "loss_gap"}
DOWNSTREAM = {"embed", "probe", "alignment", "ceiling", "table1", "table2", "merging", "figure", *THEORY, *REPORT}


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.planned() == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("pipeline/objectives.py", '"""The objectives', '"""The edited objectives', {"twins", *DOWNSTREAM}),
        ("pipeline/reporting/table1.py", '"""Table 1', '"""The edited table 1', {"table1", *REPORT}),
        ("pipeline/probes.py", '"""How well', '"""How very well', {"probe", "table1", "merging", "figure", *REPORT}),
        (
            "pipeline/alignment/similarity.py",
            '"""Linear CKA',
            '"""The linear CKA',
            {"alignment", "ceiling", "table2", "bounds", "curvature", "figure", *REPORT},
        ),
        ("pipeline/reporting/figures/collapse.py", '"""Neural', '"""The neural', {"figure", "html"}),
        ("params.yaml", "l2: 0.1", "l2: 0.2", {"probe", "table1", "merging", "figure", *REPORT}),
        # the provenance beside Table 1 names the digest of all settings
        ("params.yaml", "above: 0.9", "above: 0.8", {"table1", *REPORT}),
        ("reports/report.py", "# ## All claims", "# ## Every claim", {"html"}),
        ("params.yaml", "epochs: 1", "epochs: 2", {"twins", *DOWNSTREAM}),
        ("params.yaml", "classes: 4", "classes: 5", {"subset", "twins", *DOWNSTREAM}),
        ("README.md", "\n", "\n\n", set()),
    ],
)
def test_a_change_reruns_what_depends_on_it_and_nothing_else(finished, tmp_path, file, old, new, expected):
    project = finished.copy(tmp_path / "twins")
    project.edit(file, old, new)
    assert project.planned() == expected


def test_a_data_set_made_again_with_the_same_bytes_retrains_nothing(finished, tmp_path):
    project = finished.copy(tmp_path / "twins")
    project.run("snakemake", "--cores", "2", "--forcerun", "prepare", "--", "prepared")
    assert "twins" not in project.planned()


def test_the_tables_hold_what_was_run_and_what_was_not(finished):
    table = pd.read_csv(finished.path / "reports" / "table1.csv")
    columns = (
        "dataset,classes,objective,probe,encoder,epochs,denominator,n_seeds,mean,ci_low,ci_high,paper,deviation,status"
    )
    assert ",".join(table.columns) == columns
    digits = table[table["dataset"] == "digits"]
    assert set(digits["objective"]) == {"cl", "nscl"}
    assert set(digits["n_seeds"]) == {2}
    assert digits["mean"].between(0, 100).all()
    assert (digits["ci_low"] <= digits["mean"]).all()
    others = table[table["status"] == "not run"]
    assert set(others["dataset"]) == {"cifar10", "cifar100", "mini_imagenet", "tiny_imagenet"}
    assert len(others) == 4 * 4 * 2
    assert others["mean"].isna().all()
    assert others["paper"].notna().all()
    assert ",," not in (finished.path / "reports" / "table1.csv").read_text()  # no empty cell: NA, and a status
    readable = (finished.path / "reports" / "table1.md").read_text()
    assert "not run (88.37)" in readable
    similarity = pd.read_csv(finished.path / "reports" / "table2.csv")
    assert set(similarity["split"]) == {"train", "test"}
    measured = similarity[similarity["status"] == "measured"]
    assert measured.loc[measured["measure"] == "cka", "mean"].between(0, 1).all()
    assert set(measured["n_seeds"]) == {2}
    assert "not run (0.043)" in (finished.path / "reports" / "table2.md").read_text()


def test_every_figure_is_there_with_the_table_it_was_drawn_from(finished):
    folder = finished.path / "reports" / "figures"
    for name in ("fig1_angles", "fig2_trajectory", "fig6_weight_gap", "collapse"):
        assert len(pd.read_csv(folder / f"{name}.csv")) > 0
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    (run, *_) = sorted((finished.path / "results" / "alignment").rglob("alignment.csv"))
    along = pd.read_csv(run)
    assert set(along["epoch"]) == {0, 1}
    assert set(along["split"]) == {"train", "test"}
    start = along[along["epoch"] == 0]
    assert start["cka"].min() == pytest.approx(1.0)  # equal weights before the first step
    (ceiling,) = sorted((finished.path / "results" / "ceiling").rglob("*.csv"))
    assert set(pd.read_csv(ceiling)["second_seed"]) == {1}


def test_the_provenance_says_what_made_the_table(finished):
    made = json.loads((finished.path / "reports" / "table1.provenance.json").read_text())
    assert made["git"] == {"commit": finished.run("git", "rev-parse", "HEAD").strip(), "dirty": False}
    assert made["data"]["digits"]["counts"]["train"]
    assert made["training_seconds"]["total"] > 0
    for record in made["runs"].values():
        assert record["digests"]["cl"] == record["digests"]["nscl"]  # shared randomness, as recorded


def test_every_stage_leaves_a_log_and_a_benchmark(finished):
    for stage in (
        "prepare",
        "subset",
        "twins",
        "embed",
        "probe",
        "alignment",
        "ceiling",
        "table1",
        "table2",
        "bounds",
        "curvature",
        "loss_gap",
        "merging",
        "claims",
        "figure",
        "report",
    ):
        assert list((finished.path / "results" / "logs" / stage).rglob("*.log")), stage
        assert list((finished.path / "results" / "benchmarks" / stage).rglob("*.tsv")), stage


def test_training_logs_are_plain_lines(finished):
    (log, *_) = sorted((finished.path / "results" / "logs" / "twins").rglob("*.log"))
    assert re.search(r"100% \d+/\d+ \[.*it/s\]\n$", log.read_text())
    assert "\r" not in log.read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("experiments:", "colour: red\nexperiments:", "unknown key 'colour'"),
        (
            "projection: 8",
            "projection: 8, temperature: -1",
            "training.temperature = -1: input should be greater than 0",
        ),
        ("classes: 4", "classes: 11", "classes = 11: digits has 10 classes, allowed is 2 to 10"),
        ("dataset: digits", "dataset: mnist", "dataset = 'mnist': not known, allowed is one of cifar10"),
        ("seed: [0, 1]", "seed: [0], temperature: [0.1, 1]", "differ in more than the seed"),
        ("  table1:", "  table7:", "table1 is missing"),
        ("stays_aligned: {above: 0.9}", "stays_alined: {above: 0.9}", "claims: 'stays_alined' is not known"),
        ("stays_aligned: {above: 0.9}", "stays_aligned: {}", "allowed is one of above and below"),
    ],
)
def test_wrong_settings_fail_before_any_job(sources, tmp_path, old, new, message):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", old, new)
    output = project.run("snakemake", "--cores", "1", check=False)
    assert message in output
    assert not (project.path / "results").exists()


def test_the_workflow_passes_snakemakes_linter(sources):
    assert "Congratulations" in sources.run("snakemake", "--lint")


def test_a_failed_job_leaves_the_finished_ones_and_names_its_log(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", "batch_size: 256", "batch_size: 1400")
    output = project.run("snakemake", "--cores", "2", check=False)
    assert re.search(r"error: batch_size = 1400: digits has \d+ training images", output)
    assert (project.path / "results" / "data" / "digits" / "manifest.json").is_file()
