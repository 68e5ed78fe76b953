"""Every function of docs/api.md that takes features, with arrays as NumPy, pandas and torch make them."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.masked import MaskedTensor

from twin_alignment.comparison.array_comparison import compare
from twin_alignment.measures.geometry import procrustes
from twin_alignment.measures.neighbours import mutual_knn
from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
from twin_alignment.measures.streaming import Accumulator

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4))
Y = X[:, :3] + RNG.normal(size=(24, 3))
LABELS = np.repeat([1, 5, 7], 8)


def accumulated(x):
    total = Accumulator(["first", "second"])
    total.update({"first": x, "second": Y})
    return total.similarity("first", "second").cka


FUNCTIONS = {
    "compare": lambda x: compare(x, Y, ["cka"])["cka"].value,
    "Accumulator": accumulated,
    "procrustes": lambda x: procrustes(x, Y),
    "mutual_knn": lambda x: mutual_knn(x, Y, 5),
    "cdnv": lambda x: cdnv(x, LABELS),
    "directional_cdnv": lambda x: directional_cdnv(x, LABELS),
}


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.filterwarnings("error::UserWarning")
def test_the_way_an_array_lies_in_memory_changes_nothing(function):
    expected = function(torch.from_numpy(X))
    for same in (
        X,
        X.astype(">f8"),
        X[::-1].copy()[::-1],
        X[:, ::-1].copy()[:, ::-1],
        np.asfortranarray(X),
        X.astype(np.longdouble),
        read_only(X),
        X.tolist(),
        pd.DataFrame(X, columns=list("abcd")),
        torch.from_numpy(X).requires_grad_(),
        torch.from_numpy(X.T.copy()).T,
    ):
        assert function(same) == pytest.approx(expected, rel=1e-12)
    whole = np.round(10 * X)
    assert function(whole.astype(">i4")) == function(torch.from_numpy(whole))


TABLES = {
    "nullable": pd.DataFrame(X).convert_dtypes(),
    "Arrow": pd.DataFrame(X).convert_dtypes(dtype_backend="pyarrow"),
    "one nullable column": pd.DataFrame(X).astype({0: "Float64"}),
    "one name twice": pd.DataFrame(X, columns=list("aabb")).convert_dtypes(),
    "objects of Arrow": pd.DataFrame(X).astype("double[pyarrow]"),
    "masked nowhere": np.ma.masked_array(X, mask=False),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_types_that_only_pandas_has_are_taken(function, table):
    assert function(table) == pytest.approx(function(X), rel=1e-12)


def test_whole_and_truth_values_of_pandas_are_taken():
    whole = np.round(10 * X)
    for dtype in ("Int64", "int64[pyarrow]", "Float32"):
        assert FUNCTIONS["compare"](pd.DataFrame(whole).astype(dtype)) == pytest.approx(FUNCTIONS["compare"](whole))
    truth = X > 0
    truth[:, 0] |= ~truth.any(1)
    for dtype in ("boolean", "bool[pyarrow]", bool):
        assert FUNCTIONS["compare"](pd.DataFrame(truth).astype(dtype)) == FUNCTIONS["compare"](truth.astype(float))
    labels = pd.Series(LABELS, dtype="Int64")
    assert cdnv(X, labels) == cdnv(X, LABELS)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (X + 1j, "holds complex128, expected real numbers"),
        (torch.from_numpy(X + 1j), "expected a dense tensor of real numbers, got a complex one"),
        (
            torch.from_numpy(X).to_sparse(),
            "expected a dense tensor of real numbers, got a sparse, nested or masked one",
        ),
        (X.astype(str), "holds <U32, expected real numbers"),
        (pd.DataFrame({"a": list("xyz") * 8, "b": range(24)}), "holds object, expected real numbers"),
        (pd.DataFrame(np.where(X > 2, np.nan, X)).convert_dtypes(), r"row \d+ has a missing value, expected a number"),
        (np.ma.masked_array(X, mask=X > 1), "some values are masked, expected numbers alone"),
        ([np.ma.masked_array(row, mask=row > 1) for row in X], "some values are masked, expected numbers alone"),
        (MaskedTensor(torch.from_numpy(X), torch.from_numpy(X < 1)), "expected a dense tensor of real numbers"),
    ],
    ids=[
        "complex array",
        "complex tensor",
        "sparse",
        "words",
        "table",
        "missing",
        "masked",
        "masked rows",
        "MaskedTensor",
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused_by_name(function, bad, message):
    with pytest.raises(ValueError, match=f"^(first|features): {message}"):
        function(bad)
