"""A diverging run stops nothing but itself, and is named wherever it is missing."""

import re

import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import TINY

pytestmark = pytest.mark.long
TABLES = ("reports/table1.csv", "reports/table2.csv")


@pytest.fixture(scope="module")
def diverged(sources, tmp_path_factory):
    """A project two of whose runs diverge at their learning rate, and the output of the first attempt."""
    project = sources.copy(tmp_path_factory.mktemp("diverged") / "twins")
    settings = yaml.safe_load(TINY)
    (usual,) = settings["experiments"]["table1"]["grid"]
    late = {**usual, "seed": 0, "classes": 3, "learning_rate": 1e30}  # after its only step
    early = {**late, "classes": 2, "epochs": 3}
    settings["experiments"] = {"table1": {**settings["experiments"]["table1"], "grid": [usual, late, early]}}
    (project.path / "params.yaml").write_text(yaml.safe_dump(settings))
    return project, project.run("snakemake", "--cores", "2", "--keep-going", *TABLES, check=False)


def test_the_runs_are_named_with_their_reasons(diverged):
    _, first = diverged
    assert re.search(r"the loss of \w+ became (nan|inf) in epoch 2, step 1 of 1, at learning rate \S+: lower", first)
    assert "the features of cl at epoch 1 are not finite" in first
    again = "The same command again makes all results without this run, and says so; with --keep-going as well, all"
    assert first.count(again) == 2
    assert "Traceback" not in first


def test_the_rest_of_the_tables_is_made_and_says_what_is_missing(diverged):
    project, _ = diverged
    output = project.run("snakemake", "--cores", "2", *TABLES)
    assert "left out of all results, as training diverged: digits/classes=3," in output
    assert len(project.pipeline("runs").splitlines()) == 2
    for file in TABLES:
        table = pd.read_csv(project.path / file)
        lost = table[table["status"].str.startswith("diverged, seed 0: the ")]
        assert list(zip(lost["classes"], lost["n_seeds"], strict=True)) == [(3, 0), (2, 0)]
        text = (project.path / file).with_suffix(".md").read_text()
        assert text.count("Not in these numbers: digits, C = 3, diverged, seed 0: the features of") == 1
        assert text.count("Not in these numbers: digits, C = 2, diverged, seed 0: the loss of") == 1
    assert "results" in project.pipeline("verify")


def test_made_again_it_is_tried_again(diverged):
    project, _ = diverged
    planned = [line.split("\t")[0] for line in project.pipeline("runs", "--results", "none").splitlines()]
    assert len(planned) == 4
    project.pipeline("remake", planned[2])
    assert {"twins", "measure"} <= project.planned("reports/table1.csv")
    assert len(project.pipeline("runs").splitlines()) == 3
