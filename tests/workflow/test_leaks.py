"""Nothing stale passes: every way in which a result and what it was made from can part is named."""

import pytest

from pipeline.jobs.records import read_record, write_record
from pipeline.jobs.runner import make
from pipeline.jobs.task import task_of
from pipeline.jobs.verify import verify
from pipeline.stages import prepare
from tests.workflow.conftest import RUN, planned_here
from tests.workflow.faults.fuzz import sentence


def test_altered_tables_missing_records_and_other_settings_are_named(project, monkeypatch):
    monkeypatch.chdir(project.path)
    table = project.path / "reports" / "table1.csv"
    before = table.read_text()
    table.write_text(before.replace("cl,nccc", "cl,nccd", 1))
    assert "table1: reports/table1.csv was altered" in sentence(lambda: verify(*planned_here())).splitlines()
    table.write_text(before)
    claims = project.path / "reports" / "records" / "claims.json"
    whole = claims.read_bytes()
    claims.unlink()
    assert "claims: reports/claims.csv has no record" in sentence(lambda: verify(*planned_here()))
    claims.write_bytes(whole)
    project.edit("params.yaml", "temperature: 0.5", "temperature: 0.4")
    named = sentence(lambda: verify(*planned_here())).splitlines()
    (line,) = (line for line in named if line.startswith("table1: "))  # and not the files that it would read
    assert "made from something else (settings: runs.0.temperature was 0.5, is 0.4" in line


def test_a_changed_setting_makes_stale_what_it_decides_alone(project, monkeypatch):
    monkeypatch.chdir(project.path)
    project.edit("params.yaml", "flip: 0.0", "flip: 0.5")
    named = sentence(lambda: verify(*planned_here())).splitlines()
    stale = {line.split()[0] for line in named if "settings: views.flip was 0.0, is 0.5" in line}
    assert stale == {"twins", "curvature", "forcing", "loss_gap"}


def test_a_stage_that_fails_leaves_the_result_and_the_record_that_were_there(project, monkeypatch):
    monkeypatch.chdir(project.path)
    folder = project.folder("prepare", "digits")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def unreachable(job, inputs, outputs):
        outputs["store"].mkdir()
        raise OSError(101, "network is unreachable")

    monkeypatch.setattr(prepare, "run", unreachable)
    with pytest.raises(OSError, match="unreachable"):
        make(task_of("prepare", "digits", *planned_here()))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.long
def test_two_settings_files_that_share_results_do_not_touch_each_others_tables(project):
    text = (project.path / "params.yaml").read_text()
    (project.path / "other.yaml").write_text(text.replace("reports: reports", "reports: reports/other"))
    project.run("snakemake", "--cores", "2", "--configfile", "other.yaml", "--", "reports/other/table1.csv")
    assert project.planned() == set()
    assert project.stale() == project.stale("--params", "other.yaml") == []


@pytest.mark.long
def test_versions_that_meet_in_a_table_are_named_under_it_and_on_the_page(project):
    path = project.folder("twins", RUN) / "record.json"
    record = read_record(path)
    packages = {**record["made"]["packages"], "torch": "1.0.0"}
    write_record(path, {**record, "made": {**record["made"], "packages": packages}})
    for stage in ("table1", "report"):
        project.pipeline(stage)
    for file in ("table1.md", "report.html"):
        assert "were made by different torch 1.0.0 (1), " in (project.path / "reports" / file).read_text()
