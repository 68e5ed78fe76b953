"""The file of published numbers: as pandas reads it, or a sentence."""

import pandas as pd
import pytest

from pipeline.config.base import SettingsError
from pipeline.config.references import PROJECT
from pipeline.reporting.paper_values import COLUMNS, PAPER_VALUES, read_paper_values

FILE = PROJECT / PAPER_VALUES["paper_values"]
GOOD = "table1,cifar10,test,unstated,cl,nccc,88.37,0.005,printed table"


def test_they_are_those_of_the_file():
    ours = pd.DataFrame(map(vars, read_paper_values(FILE)))
    pd.testing.assert_frame_equal(ours, pd.read_csv(FILE))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: expected the columns artifact, dataset"),
        ("a,b\n", "line 1: expected the columns artifact, dataset, .* got a, b"),
        (f"{','.join(COLUMNS)}\n{GOOD}\n{GOOD},more\n", "line 3: expected 9 cells, got 10"),
        (f"{','.join(COLUMNS)}\n{GOOD.replace('88.37', 'x')}\n", "line 2: value: expected a number, got 'x'"),
        (f"{','.join(COLUMNS)}\n{GOOD.replace('88.37', 'nan')}\n", "line 2: value: expected a number, got 'nan'"),
        (f"{','.join(COLUMNS)}\n{GOOD.replace('0.005', '')}\n", "line 2: tolerance: expected a number, got ''"),
        (f"{','.join(COLUMNS)}\n{GOOD.replace('unstated', '-1')}\n", "line 2: epoch: expected a number or one of unst"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, text, why):
    (tmp_path / "values.csv").write_text(text)
    with pytest.raises(SettingsError, match=f"values.csv,? ?:?.*{why}"):
        read_paper_values(tmp_path / "values.csv")


def test_what_is_not_text_is_named(tmp_path):
    (tmp_path / "values.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"values.csv: not a table of text"):
        read_paper_values(tmp_path / "values.csv")
