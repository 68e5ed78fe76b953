"""The workflow in a folder that is not the checkout: by `-s`, by `--directory`, and as a module of another workflow."""

import re

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


@pytest.mark.parametrize(
    "way", ["module", pytest.param("-s", marks=pytest.mark.long), pytest.param("--directory", marks=pytest.mark.long)]
)
def test_a_job_runs_with_results_in_that_folder(way, elsewhere, sources):
    project, words = elsewhere, ("snakemake",)
    if way == "module":
        (elsewhere.path / "Snakefile").write_text(MODULE.format(checkout=sources.path))
    elif way == "-s":
        words = ("snakemake", "-s", str(sources.path / "Snakefile"))
    else:
        project, words = sources, ("snakemake", "--directory", str(elsewhere.path))
    output = project.run(*words, "--cores", "1", "--", TARGET)
    assert "1 of 1 steps (100%) done" in output
    assert (elsewhere.path / TARGET).is_file()
    assert not (sources.path / "results").exists()


def test_jobs_of_a_module_request_memory_on_a_cluster(elsewhere, sources):
    (elsewhere.path / "Snakefile").write_text(MODULE.format(checkout=sources.path))
    output = elsewhere.run("snakemake", "--executor", "slurm", "--jobs", "1", "--dry-run", "--", TARGET)
    requested = re.search(r"^rule twins_prepare:.* runtime=(\d+), mem_mb=(\d+)", output, re.MULTILINE | re.DOTALL)
    assert requested, output
    assert all(int(amount) > 0 for amount in requested.groups())


@pytest.mark.long
def test_everything_is_made_as_in_the_checkout(sources, finished, elsewhere):
    elsewhere.run("snakemake", "-s", str(sources.path / "Snakefile"), "--cores", "2", "all")
    for table in ("table1.csv", "table2.csv", "claims.csv"):
        assert (elsewhere.path / "reports" / table).read_bytes() == (finished.path / "reports" / table).read_bytes()
    assert (elsewhere.path / "reports" / "report.html").is_file()
