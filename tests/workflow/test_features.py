"""Features of a run's networks, written for other programs, are those that its tables were made of."""

import json

import pandas as pd
import pytest

from pipeline.__main__ import main
from tests.workflow.conftest import RUN


def test_files_of_features_give_the_run_s_own_numbers(project, monkeypatch, capsys):
    monkeypatch.chdir(project.path)
    for objective in ("cl", "nscl"):
        assert main(["features", RUN, objective, "1", f"{objective}.safetensors"]) == 0
    files = [f"{objective}.safetensors:test" for objective in ("cl", "nscl")]
    capsys.readouterr()
    assert main(["align", *files, "--labels", "cl.safetensors:test_labels", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    folder = project.folder("measure", RUN)
    rows = pd.read_csv(folder / "alignment.csv").query("epoch == 1 and split == 'test' and first == 'cl'")
    for measure in ("cka", "rsa"):
        (row,) = rows[rows["measure"] == measure].itertuples()
        assert found["pairs"][0][measure]["value"] == pytest.approx(row.value, abs=1e-8)
    collapse = pd.read_csv(folder / "collapse.csv").query("epoch == 1 and split == 'test'").set_index("objective")
    for file, one in found["collapse"].items():
        assert one["cdnv"] == pytest.approx(collapse.loc[file.split(".")[0], "cdnv"], rel=1e-8)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scl", "1", "a.safetensors"], f"objective = scl: {RUN} has cl, nscl"),
        (["cl", "2", "a.safetensors"], f"epoch = 2: {RUN} has 0, 1"),
        (["cl", "1", "a.npy"], "a.npy: allowed is a .safetensors file"),
    ],
)
def test_what_a_run_does_not_have_is_said(finished, monkeypatch, capsys, words, message):
    monkeypatch.chdir(finished.path)
    assert main(["features", RUN, *words]) == 2
    assert message in capsys.readouterr().err
