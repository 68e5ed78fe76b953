"""What runs again after which change, and what never does."""

import hashlib
import json
import re

import pandas as pd
import pytest

from pipeline.jobs.chain import STAGES
from tests.workflow.conftest import RUN

REPORT = {"claims", "metrics", "report"}
THEORY = {"bounds", "curvature", "loss_gap"}
TABLES = {"table1", "table2", "comparison"}  # the latter: of an experiment of one's own
MEASURED = {"measure", "between_seeds", *TABLES, "bounds", "figure", *REPORT}
PROBED = MEASURED - {"between_seeds"}
OF_RUNS = {"measure", "layers", "between_seeds"}
DOWNSTREAM = {*OF_RUNS, *TABLES, "merging", "figure", *THEORY, *REPORT}


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.planned() == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("pipeline/reporting/accuracy_table.py", "not run", "not there", {"table1", "comparison", "metrics", "report"}),
        ("pipeline/evaluate/probing.py", "steps = 300", "steps = 301", {"baselines", *TABLES, "figure", *REPORT}),
        (
            "twin_alignment/measures/similarity.py",
            "SLICE = 1024",
            "SLICE = 1023",
            {"table1", "table2", "metrics", "report"},  # which carry the note that code was edited
        ),
        ("params.yaml", "l2: 0.1", "l2: 0.2", {*PROBED, "baselines", "merging"}),
        ("params.yaml", "probes:", "claims: {stays_aligned: {above: 0.8}}\nprobes:", REPORT),
        ("reports/report.py", "# ## Numerical checks", "# ## Checks", {"report"}),
        ("params.yaml", "epochs: 1", "epochs: 2", {"twins", *DOWNSTREAM}),
        ("params.yaml", "classes: 4", "classes: 5", {"subset", "baselines", "twins", *DOWNSTREAM}),
        ("README.md", "\n", "\n\n", set()),
    ],
)
def test_a_change_reruns_what_depends_on_it_and_nothing_else(project, file, old, new, expected):
    project.edit(file, old, new)
    assert project.planned() == expected


CLASSES = ("pipeline/datasets/sources/digits.py", 'tuple("0123456789")')


@pytest.mark.long
def test_data_made_again_with_the_same_bytes_trains_nothing_and_other_data_are_trained_on_with_a_sentence(project):
    project.edit(*CLASSES, '(*"0123456789",)')  # the same bytes, which nobody can know before
    assert project.planned() == {"prepare", "subset", "baselines", "twins", *DOWNSTREAM}
    before = {path: path.stat().st_mtime_ns for path in project.path.rglob("*.safetensors")}
    output = project.run("snakemake", "--cores", "2", "--quiet", "rules", "all")
    assert output.count("finished already") == 2
    assert {path: path.stat().st_mtime_ns for path in project.path.rglob("*.safetensors")} == before
    assert project.planned() == set()

    project.edit(CLASSES[0], '(*"0123456789",)', 'tuple("9876543210")')
    project.run("snakemake", "--cores", "2", "--quiet", "all", "--", "prepared")
    refused = project.pipeline("measure", RUN, check=False)  # of images that it was not trained on
    assert f"{RUN}: trained on other data than there are now (store" in refused
    output = project.run("snakemake", "--dry-run", "all")
    assert "2 finished runs train again from the start (store.digits changed" in output


def test_the_tables_hold_what_was_run_and_what_was_not(finished):
    table = pd.read_csv(finished.path / "reports" / "table1.csv")
    columns = (
        "dataset,classes,objective,probe,encoder,epochs,denominator,n_seeds,mean,ci_low,ci_high,paper,deviation,status,"
        "path_length,displacement"
    )
    assert ",".join(table.columns) == columns
    digits = table[table["dataset"] == "digits"]
    assert set(digits["objective"]) == {"raw_pixels", "untrained", "cl", "nscl"}
    trained = digits[digits["objective"] != "raw_pixels"]
    assert set(trained["n_seeds"]) == {2}
    assert digits["mean"].between(0, 100).all()
    assert (trained["ci_low"] <= trained["mean"]).all()
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
    assert "not run (0.043 at epoch 1000)" in (finished.path / "reports" / "table2.md").read_text()


def test_every_figure_is_there_with_the_table_it_was_drawn_from(finished):
    folder = finished.path / "reports" / "figures"
    for name in ("fig1_angles", "fig2_trajectory", "fig6_weight_gap", "collapse"):
        assert len(pd.read_csv(folder / f"{name}.csv")) > 0
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    (run, *_) = sorted((finished.path / "results" / "measures" / "twins").rglob("alignment.csv"))
    along = pd.read_csv(run)
    assert set(along["epoch"]) == {0, 1}
    assert set(along["split"]) == {"train", "test"}
    start = along[along["epoch"] == 0]
    assert start.query("measure == 'cka'")["value"].min() == pytest.approx(1.0)  # equal weights before the first step
    (between,) = sorted((finished.path / "results" / "measures" / "between_seeds").rglob("*.csv"))
    assert set(pd.read_csv(between)["second_seed"]) == {1}


def test_the_report_says_what_made_every_table_and_figure(finished):
    made = json.loads((finished.path / "reports" / "provenance.json").read_text())
    commit = finished.run("git", "rev-parse", "HEAD").strip()
    drawn = {f"figures/{path.name}" for path in (finished.path / "reports" / "figures").glob("*.png")}
    assert {"table1.csv", "table2.csv", "claims.csv", "bounds.csv", *drawn} <= made["files"].keys()
    assert {(one["commit"], one["dirty"]) for one in made["files"].values()} == {(commit, False)}
    lines = (finished.path / "results" / "data" / "digits.sha256").read_text().replace("  digits/", "  ")
    images = "".join(sorted(lines.splitlines(keepends=True), key=lambda line: line.split("  ")[1]))
    assert made["files"]["table1.csv"]["data"] == {"digits": hashlib.sha256(images.encode()).hexdigest()}
    assert sum(run["seconds"] for run in made["runs"].values()) > 0


def test_every_stage_leaves_a_log_and_a_benchmark(finished):
    for stage in STAGES:
        assert list((finished.path / "results" / "logs").glob(f"{stage}*")), stage
        assert list((finished.path / "results" / "benchmarks").glob(f"{stage}*")), stage


def test_training_says_on_the_terminal_how_far_it_is(finished):
    assert re.search(r"twins digits/\S+: 100% 2/2 \[", (finished.path.parent / "terminal.txt").read_text())


def test_training_logs_are_plain_lines(finished):
    (log, *_) = sorted((finished.path / "results" / "logs" / "twins").rglob("*.log"))
    assert re.search(r"100% \d+/\d+ \[.*it/s\]\n$", log.read_text())
    assert "\r" not in log.read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("experiments:", "colour: red\nexperiments:", "unknown key 'colour'"),
        ("experiments:", "experiments: [", "params.yaml: not YAML: while parsing"),
        ("  trajectory:", "  table1:", "params.yaml, line 15: 'table1' stands twice in one block, first in line 11"),
        (
            "temperature: 0.5",
            "temperature: -1",
            "training.temperature = -1: input should be greater than 0",
        ),
        ("classes: 4", "classes: 11", "classes = 11: digits has 10 classes, allowed is 2 to 10"),
        ("dataset: digits", "dataset: mnist", "dataset: expected one of cifar10"),
        ("seed: [0, 1]", "seed: [0], temperature: [0.1, 1]", "differ in more than the seed"),
        ("probes:", "claims: {stays_alined: {above: 0.9}}\nprobes:", "claims: 'stays_alined' is not known"),
        ("probes:", "claims: {stays_aligned: {}}\nprobes:", "expected either above or below"),
        ("encoder: resnet10", "encoder: resnet11", "encoder: expected one of resnet10"),
        ("[cl, nscl]", "[cl, simclr]", "expected one of cl, nscl, scl, ce"),
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
    assert (project.path / "results" / "data" / "digits" / "images" / "manifest.json").is_file()


def test_a_checkout_in_a_folder_with_braces_is_refused_in_a_sentence(sources, tmp_path):
    output = sources.copy(tmp_path / "a{b}").run("snakemake", "--dry-run", check=False)
    assert "a{b}: Snakemake takes braces in a folder's name for its own, allowed is one without" in output
    assert "Traceback" not in output
