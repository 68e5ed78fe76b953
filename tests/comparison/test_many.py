"""`compare_many`: every two of several arrays, against definitions."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

import twin_alignment as ta
from tests.measures import definitions

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4))
ARRAYS = {"cl": X, "nscl": X[:, :3] + RNG.normal(size=(24, 3)), "ce": torch.from_numpy(RNG.normal(size=(24, 5)))}
LABELS = np.arange(24) % 3
NAMES = [f"image{row}.png" for row in range(24)]


def test_table_matrix_and_json_have_every_pair():
    found = ta.compare_many(ARRAYS)
    table = found.table.set_index(["first", "second", "measure"])["value"]
    assert len(table) == 3 * 4
    for a, b in itertools.combinations(ARRAYS, 2):
        for measure, value in definitions.measures(ARRAYS[a], ARRAYS[b]).items():
            matrix = found.matrix(measure)
            assert table[a, b, measure] == matrix.loc[a, b] == matrix.loc[b, a] == pytest.approx(value, abs=1e-10)
            assert matrix.loc[a, a] == 1.0
    plain = json.loads(found.to_json())
    assert plain["rows"] == 24
    assert [file["file"] for file in plain["files"]] == list(ARRAYS)
    assert plain["pairs"][0]["rsa"]["value"] == table["cl", "nscl", "rsa"]
    assert len(found.plot().axes) == 4
    assert "linear CKA, raw features" in str(found)


def test_what_a_measure_does_not_have_is_nan_and_null():
    found = ta.compare_many(ARRAYS, measures=["rho", "mutual_knn"])
    rho, neighbours = found.matrix("rho"), found.matrix("mutual_knn")
    assert math.isnan(rho.loc["nscl", "cl"])  # not symmetric
    assert (rho.loc["cl", "cl"], math.isnan(neighbours.loc["cl", "cl"])) == (0.0, True)
    assert found.to_dict()["matrices"]["rho"][1][0] is None


def test_labels_add_class_variances():
    found = ta.compare_many(ARRAYS, LABELS, measures=["cka"])
    for name, rows in ARRAYS.items():
        assert found.collapse[name].cdnv == ta.cdnv(rows, LABELS)
        assert found.collapse[name].directional_cdnv == ta.directional_cdnv(rows, LABELS)


def test_rows_and_labels_are_joined_by_their_index():
    order = RNG.permutation(24)
    tables = {name: pd.DataFrame(np.asarray(rows), index=NAMES) for name, rows in ARRAYS.items()}
    shuffled = tables | {"ce": tables["ce"].iloc[order]}
    with pytest.warns(UserWarning, match=r"ce: reordered \d+ rows by name|same order|labels: reordered"):
        found = ta.compare_many(shuffled, pd.Series(LABELS, NAMES).iloc[order[::-1]], ["cka"])
    expected = ta.compare_many(ARRAYS, LABELS, ["cka"])
    pd.testing.assert_frame_equal(found.table, expected.table)
    assert [v.cdnv for v in found.collapse.values()] == pytest.approx([v.cdnv for v in expected.collapse.values()])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X}, "1 arrays, expected two or more"),
        ({"a": X, "b": X[:-1]}, "a has 24 rows and b has 23: expected features of the same inputs"),
        ({"a": X, "b": np.ones_like(X)}, "b: all similarities are equal"),
        ({"a": X, "b": X.astype(str)}, "b: holds <U32, expected real numbers"),
        ({"a": X, "b": pd.DataFrame(X).assign(label=LABELS)}, "b: column 'label' is called as labels are"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(arrays, message):
    with pytest.raises(ValueError, match=message):
        ta.compare_many(arrays)
