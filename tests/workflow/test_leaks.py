"""Nothing stale passes: every way in which a result and what it was made from can part is named or made good."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from pipeline.config.base import SettingsError
from pipeline.config.params import read_params
from pipeline.jobs.chain import STAGES
from pipeline.jobs.records import read_record, write_record
from pipeline.jobs.task import tasks
from pipeline.jobs.verify import verify
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from tests.workflow.conftest import RUN

TEMPERED = ("return (own / temperature) @ rows.T", "return (own / (2 * temperature)) @ rows.T")
COMMENT = ("    own = rows if", "\n    # why\n    own = rows if")


def verified(project, *words):
    """Lines of `verify` that name a result, without the first."""
    output = project.pipeline("verify", *words, check=False)
    return [] if "finished results, all as" in output else output.strip().splitlines()[1:]


def stages_of(lines):
    return {line.split(":")[0].split()[0] for line in lines}


def said(project):
    """What a dry run of the workflow says."""
    return project.run("snakemake", "--dry-run", "all")


def test_what_was_made_is_verified_to_the_last_byte(finished):
    assert verified(finished) == []
    assert verified(finished, "--deep") == []
    records = [
        *(finished.path / "results").rglob("record.json"),
        *(finished.path / "reports" / "records").rglob("*.json"),
    ]
    assert len(records) > 30
    for record in records:
        assert {"settings", "code", "inputs", "outputs", "made"} <= json.loads(record.read_text()).keys(), record


def test_a_changed_default_is_named_and_trains_again_with_a_sentence(project):
    project.edit("pipeline/config/training_settings.py", "decay: float = Field(1e-6", "decay: float = Field(1e-5")
    named = verified(project)
    assert any(line.startswith(f"twins {RUN}") and "run.weight_decay was 1e-06, is 1e-05" in line for line in named)
    assert "2 finished runs train again from the start (run.weight_decay was 1e-06, is 1e-05)" in said(project)
    assert "twins" in project.planned()
    assert (project.folder("twins", RUN) / "checkpoints").is_dir()  # until the new ones are there


def test_words_layout_and_what_moves_bytes_change_nothing(project):
    project.edit("twin_alignment/losses/contrastive.py", '"""CL: negatives are', '"""CL (edited): negatives are')
    project.edit("twin_alignment/losses/contrastive.py", *COMMENT)
    project.edit("pipeline/config/training_settings.py", '"""dimension of z"""', '"""number of columns of z"""')
    project.edit(
        "pipeline/system/files.py", "def sha256(path: Path) -> str:", "def sha256(path: Path, size: int = 0) -> str:"
    )
    project.edit("twin_alignment/progress.py", "import", "import os\nimport", 1)
    assert verified(project) == []
    assert project.planned() == set()
    assert "edited since" not in said(project)


def test_a_setting_that_is_new_and_at_its_default_changes_nothing(project):
    project.edit("pipeline/config/view_settings.py", "    flip: float", "    warmth: float = 0.0\n    flip: float")
    assert verified(project) == []
    assert project.planned() == set()
    project.edit("params.yaml", "flip: 0.0", "flip: 0.0, warmth: 1.0")
    assert "views.warmth was missing, is 1.0" in said(project)
    assert "twins" in project.planned()


def test_edited_code_of_a_run_is_said_and_noted_under_the_tables_until_its_version_is_raised(project):
    project.edit("twin_alignment/losses/contrastive.py", *TEMPERED)
    output = said(project)
    assert (
        "twin_alignment/losses/contrastive.py was edited since finished results were made with the present VERSION"
        in output
    )
    assert "2 of twins" in output
    assert "raise VERSION in pipeline/stages/" in output
    planned = project.planned()
    assert not planned & {"twins", "measure"}
    assert {"table1", "table2", "report"} <= planned
    project.run("snakemake", "--cores", "2", "reports/table1.csv", "reports/table2.csv")
    for table in ("table1.md", "table2.md"):
        assert "twin_alignment/losses/contrastive.py was edited since" in (project.path / "reports" / table).read_text()
    assert not project.planned("reports/table1.csv")
    project.edit("pipeline/stages/twins.py", "VERSION = ", "VERSION = 1")
    assert "2 finished runs train again from the start (VERSION changed)" in said(project)
    assert {"twins", "measure", "table1", "claims", "report"} <= project.planned()


OWN = """
from helper import scale


def loss(z1, z2, labels, temperature):
    return scale * (z1 - z2).square().mean()
"""


@pytest.fixture
def custom(project):
    """A finished experiment with a loss and a helper of one's own, beside a file that no run uses."""
    (project.path / "mine.py").write_text(OWN)
    (project.path / "helper.py").write_text("scale = 1.0\n")
    (project.path / "unused.py").write_text("x = 1\n")
    text = (project.path / "params.yaml").read_text()
    own = "  mine: {objectives: [cl, mine.py:loss], grid: [{dataset: digits, classes: 4, epochs: 1, seed: 7}]}\n"
    (project.path / "params.yaml").write_text(re.sub(r"  mine: .*\n", own, text))
    project.run("snakemake", "--cores", "2", "trained")
    return project


def test_a_custom_loss_and_what_it_imports_train_the_runs_that_use_them_again(custom):
    assert custom.planned("trained") == set()
    custom.edit("unused.py", "x = 1", "x = 2")
    assert custom.planned("trained") == set()
    for file, old, new in (("mine.py", "square()", "abs()"), ("helper.py", "1.0", "2.0")):
        custom.edit(file, old, new)
        output = custom.run("snakemake", "--dry-run", "trained")
        assert f"1 finished run trains again from the start ({file} changed)" in output
        assert re.search(r"twins +1\n", output)
        custom.edit(file, new, old)
    assert custom.planned("trained") == set()


def test_a_custom_loss_that_crashes_is_mended_and_starts_and_what_was_there_stays(custom):
    subject = next(line.split("\t")[0] for line in custom.pipeline("runs").splitlines() if "seed=7" in line)
    before = {path: path.read_bytes() for path in custom.folder("twins", subject).rglob("*") if path.is_file()}
    custom.edit("mine.py", "square()", "sqare()")
    assert "sqare" in custom.run("snakemake", "--cores", "1", "trained", check=False)
    assert {path: path.read_bytes() for path in before} == before
    custom.edit("mine.py", "sqare()", "abs()")
    output = custom.run("snakemake", "--cores", "1", "trained")
    assert "remake" not in output
    assert verified(custom) != []  # what reads the other runs is as it was, tables of this one are still to be made
    assert not [line for line in verified(custom) if line.startswith("twins")]


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("pipeline/reporting/claims/claims_alignment.py", "are as similar as", "are similar to", {"claims"}),
        (
            "pipeline/config/params.py",
            "late_path_length: float = Field(1.0",
            "late_path_length: float = Field(2.0",
            {"claims"},
        ),
        ("reports/reference/paper_values.csv", "88.37", "88.38", {"table1", "table2", "figure"}),
        ("pipeline/reporting/figures/plot_collapse.py", '"Class-distance', '"Changed class-distance', {"figure"}),
        ("pipeline/config/theory_settings.py", "delta: float = Field(0.01", "delta: float = Field(0.02", {"bounds"}),
    ],
)
def test_a_changed_word_value_or_constant_makes_its_results_again(project, file, old, new, stale):
    project.edit(file, old, new)
    assert stale <= stages_of(verified(project))
    planned = project.planned()
    assert stale <= planned
    assert not planned & {"prepare", "twins", "measure"}


def test_another_jitter_prepares_nothing_again(project):
    project.edit("params.yaml", "flip: 0.0", "flip: 0.5")
    named = verified(project)
    assert any("settings: views.flip was 0.0, is 0.5" in line for line in named)
    assert stages_of(named) == {"twins", "curvature", "loss_gap"}
    assert "views.flip was 0.0, is 0.5" in said(project)
    assert project.planned("prepared") == set()


def test_tables_that_were_altered_are_not_blessed(project):
    table = project.path / "reports" / "table1.csv"
    table.write_text(table.read_text().replace("cl,nccc", "cl,nccd", 1))
    assert verified(project) == ["table1: reports/table1.csv was altered"]
    (project.path / "reports" / "records" / "claims.json").unlink()
    assert "claims: reports/claims.csv has no record" in verified(project)


def test_of_other_settings_it_says_which_and_not_what_they_would_read(project):
    project.edit("params.yaml", "temperature: 0.5", "temperature: 0.4")
    named = verified(project)
    assert "table1: made from something else (settings: runs.0.temperature was 0.5, is 0.4" in "\n".join(named)
    assert [line for line in named if line.startswith("table1: ") and "is missing" in line] == []


def test_an_altered_byte_of_any_kind_of_result_is_found(project, monkeypatch):
    monkeypatch.chdir(project.path)
    settings, layout = plan(read_params(Path("params.yaml"))), Layout(Path("results"), Path("reports"))
    kinds = set()
    for one in tasks(settings, layout):
        for kind, path in one.place.outputs.items():
            file = max(path.rglob("*"), key=lambda found: found.stat().st_size) if path.is_dir() else path
            whole = file.read_bytes()
            altered = bytearray(whole)
            altered[len(altered) // 2] ^= 1
            file.write_bytes(altered)
            with pytest.raises(SettingsError, match=re.escape(str(file))):
                verify(settings, layout, deep=True)
            file.write_bytes(whole)
            kinds.add(kind)
    assert kinds == {kind for stage in STAGES.values() for kind in stage.writes}
    assert verify(settings, layout, deep=True) > 0


def test_a_run_whose_inputs_were_altered_is_not_made(project):
    store = project.folder("prepare", "digits") / "images" / "train_images.npy"
    data = bytearray(store.read_bytes())
    data[5000] ^= 1
    store.write_bytes(data)
    output = project.pipeline("measure", RUN, check=False)
    assert "train_images.npy was altered since `python -m pipeline prepare digits` made it, and is set aside" in output
    assert store.with_name("train_images.npy.set_aside").read_bytes() == bytes(data)
    assert "prepare" in stages_of(verified(project))
    assert "prepare" in project.planned("prepared")  # by Snakemake too
    project.pipeline("prepare", "digits")
    project.pipeline("measure", RUN)
    assert verified(project, "--deep") == []


def test_a_stage_that_fails_leaves_the_result_and_the_record_that_were_there(project):
    folder = project.folder("prepare", "digits")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    project.edit(
        "pipeline/datasets/sources/digits.py", "def ", "raise OSError(101, 'network is unreachable')\n\n\ndef ", 1
    )
    for command in (("python", "-m", "pipeline", "prepare", "digits"), ("snakemake", "--cores", "1", "prepared")):
        assert "network is unreachable" in project.run(*command, check=False)
        assert {path: path.read_bytes() for path in before} == before


@pytest.mark.long
def test_two_settings_files_that_share_results_do_not_touch_each_others_tables(project):
    text = (project.path / "params.yaml").read_text()
    (project.path / "other.yaml").write_text(text.replace("reports: reports", "reports: reports/other"))
    project.run("snakemake", "--cores", "2", "--configfile", "other.yaml", "--", "reports/other/table1.csv")
    assert project.planned() == set()
    assert verified(project) == []
    assert "all as these settings" in project.pipeline("verify", "--params", "other.yaml")


@pytest.mark.long
def test_a_data_set_made_again_with_the_same_bytes_retrains_nothing(project):
    project.run("snakemake", "--cores", "2", "--forcerun", "prepare", "--", "prepared")
    assert "twins" not in project.planned()


def test_records_name_the_whole_run(finished):
    record = json.loads((finished.folder("twins", RUN) / "record.json").read_text())
    assert record["settings"]["run"]["weight_decay"] == 1e-6  # a default, in no name
    assert record["found"]["digests"]["cl"] == record["found"]["digests"]["nscl"]  # shared randomness, as recorded
    steps = pd.read_csv(finished.folder("twins", RUN) / "steps.csv.gz")
    assert set(steps["objective"]) == {"cl", "nscl"}


@pytest.mark.long
def test_versions_that_meet_in_a_table_are_named_under_it_and_on_the_page(project):
    record = project.folder("twins", RUN) / "record.json"
    found = read_record(record)
    packages = {**found["made"]["packages"], "torch": "1.0.0"}
    write_record(record, {**found, "made": {**found["made"], "packages": packages}})
    for stage in ("table1", "report"):
        project.pipeline(stage)
    for file in ("table1.md", "report.html"):
        assert "were made by different torch 1.0.0 (1), " in (project.path / "reports" / file).read_text()


def test_the_digests_beside_a_folder_are_read_by_other_programs(finished):
    folder = finished.folder("twins", RUN)
    finished.run("sh", "-c", f"cd '{folder.parent}' && sha256sum --check --quiet '{folder.name}.sha256'")


def test_what_a_newer_version_made_is_neither_used_nor_made_anew(project):
    project.edit("pipeline/jobs/records.py", "FORMAT = 3", "FORMAT = 4")
    project.pipeline("prepare", "digits", "--results", "newer")
    project.edit("pipeline/jobs/records.py", "FORMAT = 4", "FORMAT = 3")
    record = project.path / "newer" / "data" / "digits" / "record.json"
    before = record.read_bytes()
    for command in (("prepare", "digits"), ("subset", "digits/classes=4,seed=0"), ("verify",)):
        assert f"{record.relative_to(project.path)}: a record of format 4, this version knows 3" in project.pipeline(
            *command, "--results", "newer", check=False
        )
    assert record.read_bytes() == before
