"""Two runs, or the tables of two settings, side by side."""

import math

import pandas as pd
import pytest

from pipeline.__main__ import main
from pipeline.config.run import Run
from pipeline.jobs.chain import STAGES
from pipeline.planning.layout import Layout
from pipeline.reporting.side_by_side import report_values, run_values, side_by_side
from pipeline.system.files import write_csv
from tests.reporting.planted import of_run
from tests.reporting.planted_tables import tables

SETTINGS = """
reports: {reports}
results: {results}
experiments:
  table1: {{objectives: [cl, nscl], grid: [{{dataset: digits, classes: 4, epochs: 2, warmup_epochs: 0, seed: [0, 1]}}]}}
"""
NAME = "digits/classes=4,epochs=2,warmup_epochs=0,seed="


def rows_of(text):
    return {" ".join(line.split()[:-3]): line.split()[-3:] for line in text.splitlines() if line}


def files(folder):
    """A settings file, the measures of its runs and its tables."""
    file = folder / "mine.yaml"
    file.write_text(SETTINGS.format(reports=folder / "reports", results=folder / "results"))
    for seed, accuracy in ((0, 80.0), (1, 81.5)):
        measures = Layout(folder / "results", folder / "reports").place(STAGES["measure"], f"{NAME}{seed}").folder
        write_csv(measures / "probes.csv", pd.DataFrame([{"objective": "cl", "probe": "lp", "accuracy": accuracy}]))
        run = Run(dataset="digits", classes=4, epochs=2, warmup_epochs=0, seed=seed)
        write_csv(measures / "alignment.csv", of_run("alignment", run, ("nscl",)))
    one, two = tables([Run(dataset="digits", classes=10, epochs=2, seed=seed) for seed in (0, 1, 2)])
    write_csv(folder / "reports" / "table1.csv", one)
    write_csv(folder / "reports" / "table2.csv", two)
    return file


def test_two_runs_have_their_last_epochs_beside_each_other(tmp_path, capsys):
    file = files(tmp_path)
    assert main(["compare", f"{NAME}0", f"{NAME}1", "--params", str(file)]) == 0
    found = rows_of(capsys.readouterr().out)
    assert found["cl LP"] == ["80.0", "81.5", "+1.5"]
    assert found["nscl CKA"][2] == "+0.0010"  # planted: a thousandth a seed


def test_two_settings_have_their_means_beside_each_other(tmp_path, capsys):
    file = files(tmp_path)
    assert main(["compare", str(file), str(file)]) == 0
    found = rows_of(capsys.readouterr().out)
    assert found["digits, C = 10 cl LP"] == ["81.0", "81.0", "+0.0"]
    assert found["digits, C = 10 nscl CKA"] == ["0.7100", "0.7100", "+0.0000"]
    assert not any("cifar" in words for words in found)  # what was not run has no number


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{file}", f"{NAME}0"], "expected two runs or two settings files"),
        ([f"{NAME}0", "digits/classes=4,seed=7", "--params", "{file}"], "digits/classes=4,seed=7"),
        (["{file}", "{folder}/none.yaml"], "none.yaml"),
    ],
)
def test_what_cannot_be_compared_is_named(tmp_path, capsys, words, said):
    file = files(tmp_path)
    assert main(["compare", *(word.format(file=file, folder=tmp_path) for word in words)]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_table_names_the_command_that_makes_it(tmp_path, capsys):
    file = files(tmp_path)
    (tmp_path / "reports" / "table2.csv").unlink()
    assert main(["compare", str(file), str(file)]) == 2
    assert f"table2.csv --configfile {file}` makes it" in capsys.readouterr().err


def test_what_one_of_both_lacks_is_a_dash():
    alone = pd.DataFrame(columns=["epoch", "split", "first", "second", "measure", "value"])
    probes = pd.DataFrame([{"objective": "cl", "probe": "lp", "accuracy": 80.0}])
    text = side_by_side(("a", "b"), run_values(probes, alone), run_values(probes.assign(objective="ce"), alone))
    assert rows_of(text)["cl LP"] == ["80.0", "–", "–"]
    assert report_values(*tables([Run(dataset="digits", classes=10, epochs=2, seed=0)]))[0]


def test_what_has_collapsed_is_said():
    row = {"epoch": 3, "split": "test", "first": "cl", "second": "ce", "measure": "cka", "value": math.nan}
    probes = pd.DataFrame([{"objective": "cl", "probe": "lp", "accuracy": 80.0}])
    runs = [run_values(probes, pd.DataFrame([{**row, "value": value}])) for value in (math.nan, 0.5)]
    assert rows_of(side_by_side(("a", "b"), *runs))["ce CKA"] == ["collapsed", "0.5000", "–"]
