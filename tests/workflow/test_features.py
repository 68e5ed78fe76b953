"""Features of a run's networks, as written for other programs, give the numbers of its tables."""

import json

import pandas as pd
import pytest

from pipeline.__main__ import main
from tests.workflow.conftest import RUN
from tests.workflow.faults.fuzz import answer


def test_files_of_features_give_the_run_s_own_numbers(project, monkeypatch):
    monkeypatch.chdir(project.path)
    for objective in ("cl", "nscl"):
        assert main(["features", RUN, objective, "1", f"{objective}.safetensors"]) == 0
    files = [f"{objective}.safetensors:test" for objective in ("cl", "nscl")]
    found = json.loads(answer("align", *files, "--labels", "cl.safetensors:test_labels", "--json").output)
    folder = project.folder("measure", RUN)
    rows = pd.read_csv(folder / "alignment.csv").query("epoch == 1 and split == 'test' and first == 'cl'")
    for measure in ("cka", "rsa"):
        (row,) = rows[rows["measure"] == measure].itertuples()
        assert found["pairs"][0][measure]["value"] == pytest.approx(row.value, abs=1e-8)
    collapse = pd.read_csv(folder / "collapse.csv").query("epoch == 1 and split == 'test'").set_index("objective")
    for file, values in found["collapse"].items():
        assert values["cdnv"] == pytest.approx(collapse.loc[file.split(".")[0], "cdnv"], rel=1e-8)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scl", "1", "a.safetensors"], f"objective = scl: {RUN} has cl, nscl"),
        (["cl", "2", "a.safetensors"], f"epoch = 2: {RUN} has 0, 1"),
        (["cl", "1", "a.npy"], "a.npy: expected a .safetensors file"),
    ],
)
def test_what_a_run_does_not_have_is_named(finished, monkeypatch, capsys, words, message):
    monkeypatch.chdir(finished.path)
    assert main(["features", RUN, *words]) == 2
    assert message in capsys.readouterr().err
