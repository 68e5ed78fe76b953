"""Every function of docs/api.md that takes features, with arrays as NumPy, pandas and torch make them."""

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.alignment.accumulate import Accumulator
from pipeline.alignment.collapse import cdnv, directional_cdnv
from pipeline.alignment.compare import compare
from pipeline.alignment.geometry import mutual_knn, procrustes

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


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (X + 1j, "holds complex128, expected real numbers"),
        (torch.from_numpy(X + 1j), "expected a dense tensor of real numbers, got a complex one"),
        (torch.from_numpy(X).to_sparse(), "expected a dense tensor of real numbers, got a sparse, nested or masked one"),
        (X.astype(str), "holds <U32, expected real numbers"),
        (pd.DataFrame({"a": list("xyz") * 8, "b": range(24)}), "holds object, expected real numbers"),
    ],
    ids=["complex array", "complex tensor", "sparse", "words", "table"],
)
def test_what_is_no_array_of_real_numbers_is_refused_by_name(function, bad, message):
    with pytest.raises(ValueError, match=f"^(first|features): {message}"):
        function(bad)
