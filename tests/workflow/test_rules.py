"""What runs again after which change, with which sentence, and what never does."""

import re

import pytest

from tests.workflow.conftest import RUN

TABLES = {"table1", "table2", "comparison"}
REPORT = {"claims", "metrics", "report"}
PROBED = {"measure", "bounds", "figure", *TABLES, *REPORT}
DOWNSTREAM = {*PROBED, "layers", "early", "forcing", "between_seeds", "merging", "curvature", "loss_gap"}
LOSS = "twin_alignment/losses/contrastive.py"
TEMPERED = (LOSS, "/ temperature)", "/ (2 * temperature))")
VIEWS = "pipeline/config/view_settings.py"
NEW_SETTING = (VIEWS, "    flip: float", "    warmth: float = 0.0\n    flip: float")


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """A copy in which every edit is taken back."""
    return finished.copy(tmp_path_factory.mktemp("rules") / "twins")


def test_nothing_runs_after_words_layout_moved_bytes_and_new_defaults(project):
    edits = (
        (LOSS, '"""', '# why\n"""Edited: ', 1),
        ("pipeline/config/training_settings.py", '    """', '    """Edited: ', 1),
        ("pipeline/system/files.py", "def sha256(path: Path) -> str:", "def sha256(path: Path, size: int = 0) -> str:"),
        NEW_SETTING,
        ("README.md", "\n", "\n\n"),
    )
    with project.edited(*edits):
        planned, output = project.dry_run()
        assert (planned, project.stale()) == (set(), [])
        assert "edited since" not in output


@pytest.mark.parametrize(
    ("file", "old", "new", "expected", "sentence"),
    [
        pytest.param(
            *("pipeline/config/training_settings.py", "decay: float = Field(1e-6", "decay: float = Field(1e-5"),
            *({"twins", *DOWNSTREAM}, "train again from the start (run.weight_decay was 1e-06, is 1e-05)"),
            id="default",
        ),
        pytest.param(
            *("params.yaml", "l2: 0.1", "l2: 0.2", {*PROBED, "baselines", "merging"}, ""), id="setting_of_probes"
        ),
        pytest.param(
            *TEMPERED,
            *({"table1", "table2", "metrics", "report"}, "contrastive.py was edited since finished results were made"),
            id="code_of_a_version",  # the tables carry a note
        ),
        pytest.param(
            *("pipeline/reporting/accuracy_table.py", "not run", "missing"),
            *({"table1", "comparison", "metrics", "report"}, ""),
            id="code_without_version",
        ),
        pytest.param(
            *("reports/reference/paper_values.csv", "88.37", "88.38"),
            *({"figure", *TABLES, "metrics", "report"}, ""),
            id="published_values",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_change_reruns_what_depends_on_it_and_nothing_else(project, file, old, new, expected, sentence):
    with project.edited((file, old, new)):
        planned, output = project.dry_run()
    assert planned == expected
    assert sentence in output


@pytest.mark.long
def test_edited_code_is_noted_under_the_tables(finished, tmp_path):
    project = finished.copy(tmp_path / "twins")
    project.edit(*TEMPERED)
    project.run("snakemake", "--cores", "2", "reports/table1.csv", "reports/table2.csv")
    for table in ("table1.md", "table2.md"):
        assert f"{LOSS} was edited since" in (project.path / "reports" / table).read_text()
    assert not project.planned("reports/table1.csv")


@pytest.mark.long
def test_data_made_again_train_only_where_their_bytes_changed(finished, tmp_path):
    project = finished.copy(tmp_path / "twins")
    classes = ("pipeline/datasets/sources/digits.py", 'tuple("0123456789")')
    project.edit(*classes, '(*"0123456789",)')  # the same bytes, which nobody can know before
    assert project.planned() == {"prepare", "subset", "baselines", "twins", *DOWNSTREAM}
    before = {path: path.stat().st_mtime_ns for path in project.path.rglob("*.safetensors")}
    output = project.run("snakemake", "--cores", "2", "--quiet", "rules", "all")
    assert output.count("finished already") == 2
    assert {path: path.stat().st_mtime_ns for path in project.path.rglob("*.safetensors")} == before
    assert project.planned() == set()

    project.edit(classes[0], '(*"0123456789",)', 'tuple("9876543210")')
    project.run("snakemake", "--cores", "2", "--quiet", "all", "--", "prepared")
    refused = project.pipeline("measure", RUN, check=False)
    assert f"{RUN}: expected networks trained on today's data, got others (store" in refused
    assert "2 finished runs train again from the start (store.digits changed" in project.dry_run()[1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("experiments:", "experiments: [", "params.yaml, line"),
        ("temperature: 0.5", "temperature: -1", "training.temperature = -1: input should be greater than 0"),
        pytest.param("  trajectory:", "  table1:", 'duplicate key "table1"', marks=pytest.mark.long),
        pytest.param(
            "classes: 4", "classes: 11", "classes: expected 2 to 10, as digits has, got 11", marks=pytest.mark.long
        ),
    ],
)
def test_wrong_settings_fail_before_any_job(sources, tmp_path, old, new, message):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", old, new)
    assert message in project.run("snakemake", "--cores", "1", check=False)
    assert not (project.path / "results").exists()


@pytest.mark.long
def test_a_failed_job_leaves_the_finished_ones_and_names_its_log(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", "batch_size: 256", "batch_size: 1400")
    output = project.run("snakemake", "--cores", "2", check=False)
    assert re.search(r"error: batch_size = 1400: expected at most \d+, the training images of digits", output)
    assert (project.path / "results" / "data" / "digits" / "images" / "manifest.json").is_file()


def test_a_folder_that_no_settings_ask_for_is_refused(finished):
    output = finished.run("snakemake", "--dry-run", "results/runs/digits/other-seed0-00000000.sha256", check=False)
    assert "twins of digits/other-seed0-00000000: these settings ask for no such result" in output


def test_a_checkout_in_a_folder_with_braces_is_refused(sources, tmp_path):
    output = sources.copy(tmp_path / "a{b}").run("snakemake", "--dry-run", check=False)
    assert "a{b}: expected a folder without braces in its name" in output
    assert "Traceback" not in output
