"""The workflow in a folder that is not the checkout: by `-s`, by `--directory`, and as a module of another workflow."""

import pytest

from tests.workflow.conftest import TINY, Project

MODULE = """
configfile: "params.yaml"


module twins:
    snakefile:
        "{checkout}/Snakefile"
    config:
        config


use rule * from twins as twins_*
"""
TARGET = "results/data/digits.sha256"


@pytest.fixture
def elsewhere(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "params.yaml").write_text(TINY)
    return Project(tmp_path / "folder")


@pytest.fixture(params=["-s", "--directory", "module"])
def command(request, sources, elsewhere):
    """A project to run Snakemake in, and its command."""
    snakefile = str(sources.path / "Snakefile")
    if request.param == "--directory":
        return sources, ("snakemake", "--directory", str(elsewhere.path))
    if request.param == "module":
        (elsewhere.path / "Snakefile").write_text(MODULE.format(checkout=sources.path))
        return elsewhere, ("snakemake",)
    return elsewhere, ("snakemake", "-s", snakefile)


def test_a_job_runs_and_every_table_is_planned_with_results_in_that_folder(command, elsewhere, sources):
    project, words = command
    project.run(*words, "--cores", "1", "--", TARGET)
    assert (elsewhere.path / TARGET).is_file()
    output = project.run(*words, "--dry-run", "--", "reports/table1.csv", "reports/claims.csv", "reports/report.html")
    assert "prepare" not in output.split("Job stats:")[1]
    for rule in ("twins", "measure", "table1", "claims", "report"):
        assert rule in output
    assert not (sources.path / "results").exists()


@pytest.mark.long
def test_everything_is_made_as_in_the_checkout(sources, finished, elsewhere):
    elsewhere.run("snakemake", "-s", str(sources.path / "Snakefile"), "--cores", "2", "all")
    for table in ("table1.csv", "table2.csv", "claims.csv"):
        assert (elsewhere.path / "reports" / table).read_bytes() == (finished.path / "reports" / table).read_bytes()
    assert (elsewhere.path / "reports" / "report.html").is_file()
