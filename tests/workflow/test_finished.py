"""What a finished chain has made: records, logs, tables, figures and their origins."""

import hashlib
import json
import re

import pandas as pd
import pytest

from pipeline.jobs.chain import STAGES
from tests.workflow.conftest import RUN

COLUMNS = (
    *("dataset", "classes", "objective", "probe", "encoder", "epochs", "denominator", "n_seeds", "mean", "ci_low"),
    *("ci_high", "paper", "deviation", "status", "path_length", "displacement"),
)


@pytest.fixture
def reports(finished):
    return finished.path / "reports"


def test_it_is_verified_to_the_last_byte_and_nothing_is_left_to_do(finished):
    assert finished.stale("--deep") == []
    assert finished.planned() == set()
    records = [
        *(finished.path / "results").rglob("record.json"),
        *(finished.path / "reports" / "records").rglob("*.json"),
    ]
    assert len(records) > 30
    for record in records:
        assert {"settings", "code", "inputs", "outputs", "made"} <= json.loads(record.read_text()).keys(), record


def test_a_record_names_the_whole_run(finished):
    record = json.loads((finished.folder("twins", RUN) / "record.json").read_text())
    assert record["settings"]["run"]["weight_decay"] == 1e-6  # a default, in no name
    assert record["found"]["digests"]["cl"] == record["found"]["digests"]["nscl"]  # shared randomness, as recorded
    steps = pd.read_csv(finished.folder("twins", RUN) / "steps.csv.gz")
    assert set(steps["objective"]) == {"cl", "nscl"}


def test_digests_next_to_a_folder_are_read_by_other_programs(finished):
    folder = finished.folder("twins", RUN)
    finished.run("sh", "-c", f"cd '{folder.parent}' && sha256sum --check --quiet '{folder.name}.sha256'")


def test_table1_holds_what_was_run_and_what_was_not(reports):
    table = pd.read_csv(reports / "table1.csv")
    assert tuple(table.columns) == COLUMNS
    digits = table[table["dataset"] == "digits"]
    assert set(digits["objective"]) == {"raw_pixels", "untrained", "cl", "nscl"}
    trained = digits[digits["objective"] != "raw_pixels"]
    assert set(trained["n_seeds"]) == {2}
    assert digits["mean"].between(0, 100).all()
    assert trained["ci_low"].isna().all()  # of two seeds
    others = table[table["status"] == "not run"]
    assert set(others["dataset"]) == {"cifar10", "cifar100", "mini_imagenet", "tiny_imagenet"}
    assert len(others) == 4 * 4 * 2
    assert others["mean"].isna().all()
    assert others["paper"].notna().all()
    assert ",," not in (reports / "table1.csv").read_text()  # no empty cell: NA, and a status
    assert "not run (88.37)" in (reports / "table1.md").read_text()


def test_table2_holds_both_splits(reports):
    similarity = pd.read_csv(reports / "table2.csv")
    assert set(similarity["split"]) == {"train", "test"}
    measured = similarity[similarity["status"] == "measured"]
    assert measured.loc[measured["measure"] == "cka", "mean"].between(0, 1).all()
    assert set(measured["n_seeds"]) == {2}
    assert "not run (0.043 at epoch 1000)" in (reports / "table2.md").read_text()


def test_a_custom_experiment_gives_the_numbers_of_the_papers_on_the_same_runs(reports):
    for custom, paper in (("accuracy", "table1"), ("agreement", "table2")):
        ours = pd.read_csv(reports / "comparisons" / "mine" / f"{custom}.csv")
        theirs = pd.read_csv(reports / f"{paper}.csv").query("status == 'measured'")
        keys = [name for name in ("objective", "probe", "first", "second", "split", "measure") if name in ours]
        ours, theirs = (rows.sort_values(keys, ignore_index=True) for rows in (ours, theirs))
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    drawn, trajectory = (pd.read_csv(reports / "figures" / f"{name}.csv") for name in ("mine", "fig2_trajectory"))
    pd.testing.assert_frame_equal(drawn, trajectory)
    assert (reports / "report.html").read_text().count('id="mine"') == 1


def test_every_figure_has_the_table_it_was_drawn_from(finished, reports):
    for name in ("fig1_angles", "fig2_trajectory", "fig6_weight_gap", "collapse"):
        assert len(pd.read_csv(reports / "figures" / f"{name}.csv")) > 0
        assert (reports / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (reports / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    along = pd.read_csv(finished.folder("measure", RUN) / "alignment.csv")
    assert set(along["epoch"]) == {0, 1}
    assert set(along["split"]) == {"train", "test"}
    start = along[along["epoch"] == 0]
    assert start.query("measure == 'cka'")["value"].min() == pytest.approx(1.0)  # equal weights before the first step
    for kind, pairs in {"between_seeds": {(0, 1)}, "twins_between_seeds": {(0, 1), (1, 0)}}.items():
        (path,) = (finished.path / "results" / "measures" / "between_seeds").rglob(f"*4classes*/{kind}.csv")
        rows = pd.read_csv(path)
        assert set(zip(rows["first_seed"], rows["second_seed"], strict=True)) == pairs


def test_the_provenance_names_what_made_every_table_and_figure(finished, reports):
    made = json.loads((reports / "provenance.json").read_text())
    commit = finished.run("git", "rev-parse", "HEAD").strip()
    drawn = {f"figures/{path.name}" for path in (reports / "figures").glob("*.png")}
    assert {"table1.csv", "table2.csv", "claims.csv", "bounds.csv", *drawn} <= made["files"].keys()
    assert {(file["commit"], file["dirty"]) for file in made["files"].values()} == {(commit, False)}
    lines = (finished.path / "results" / "data" / "digits.sha256").read_text().replace("  digits/", "  ")
    images = "".join(sorted(lines.splitlines(keepends=True), key=lambda line: line.split("  ")[1]))
    assert made["files"]["table1.csv"]["data"] == {"digits": hashlib.sha256(images.encode()).hexdigest()}
    assert sum(run["seconds"] for run in made["runs"].values()) > 0


def test_every_stage_has_a_log_and_training_its_progress(finished):
    for stage in STAGES:
        assert list((finished.path / "results" / "logs").glob(f"{stage}*")), stage
    assert re.search(r"twins digits/\S+: 100% 2/2 \[", (finished.path.parent / "terminal.txt").read_text())
    (log, *_) = sorted((finished.path / "results" / "logs" / "twins").rglob("*.log"))
    assert re.search(r"100% \d+/\d+ \[.*it/s\]\n$", log.read_text())
    assert "\r" not in log.read_text()


@pytest.mark.parametrize("given", [None, 0.5])
def test_a_prediction_has_the_constant_and_the_consistency_that_it_names(given, finished):
    """Of a run with a perturbed CL, hardly another after two steps; each prediction follows from its row's forcing."""
    run = RUN.replace("classes=4", "classes=3")
    options = [] if given is None else ["--consistency", str(given)]
    words = ("predict", run, "--constant", "2", "--batches", "4", "--labels", "random/2", *options)
    output = finished.pipeline(*words)
    lines = [line for line in output.splitlines() if line.startswith("| nscl")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    alignment = pd.read_csv(finished.folder("measure", run) / "alignment.csv")
    ends = alignment.query("first == 'cl' and split == 'test' and measure == 'cka' and epoch == 1").set_index("second")
    r, source = (ends.loc["cl_perturbed", "value"], "measured") if given is None else (given, "given")
    assert f"R = {r:.3f} ({source}), c = 2" in output
    assert [row[0] for row in rows] == ["nscl_random_2"]
    forcing, predicted = float(rows[0][3]), float(rows[0][4])
    assert predicted == pytest.approx(r / (1 + 2 * max(forcing, 0)) ** 0.5, abs=2e-3)
