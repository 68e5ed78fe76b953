"""Tables of pandas: rows are joined by their index, or it is said that order counts."""

import warnings

import numpy as np
import pandas as pd
import pytest

from twin_alignment.comparison.array_comparison import compare
from twin_alignment.measures.geometry import procrustes
from twin_alignment.measures.neighbours import mutual_knn
from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
from twin_alignment.measures.streaming import Accumulator

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4))
Y = X[:, :3] + 0.1 * RNG.normal(size=(24, 3))
ORDER = RNG.permutation(24)
NAMES = [f"image{row}.png" for row in range(24)]
LABELS = np.arange(24) % 3


def accumulated(x, y):
    sums = Accumulator(["first", "second"])
    sums.update({"first": x, "second": y})
    return sums.similarity("first", "second").cka


FUNCTIONS = {
    "compare": lambda x, y: compare(x, y, ["cka"])["cka"].value,
    "accumulate": accumulated,
    "procrustes": procrustes,
    "mutual_knn": lambda x, y: mutual_knn(x, y, 5),
    "cdnv": lambda x, y: cdnv(x, y.iloc[:, 0].round() if isinstance(y, pd.DataFrame) else y[:, 0].round()),
    "directional_cdnv": lambda x, y: directional_cdnv(
        x, y.iloc[:, 0].round() if isinstance(y, pd.DataFrame) else y[:, 0].round()
    ),
}
INDEXES = {
    "words": NAMES,
    "numbers": np.arange(100, 124),
    "a shuffled default": range(24),
    "dates": pd.date_range("2020-01-01", periods=24),
    "two levels": pd.MultiIndex.from_product([list("abcd"), range(6)]),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_rows_are_joined_by_their_index(function, index):
    first, second = pd.DataFrame(X, index=index), pd.DataFrame(Y, index=index).iloc[ORDER]
    with pytest.warns(UserWarning, match=r"reordered \d+ rows by name"):
        found = function(first, second)
    assert found == pytest.approx(function(X, Y), rel=1e-12)


def test_an_accumulator_joins_every_other_table_with_the_first():
    tables = {name: pd.DataFrame(rows, index=NAMES) for name, rows in (("a", X), ("b", Y), ("c", Y**3))}
    sums = Accumulator(list(tables))
    with pytest.warns(UserWarning, match="first|a") as said:
        sums.update(tables | {"c": tables["c"].iloc[ORDER]})
    assert [str(one.message).split(":")[0] for one in said] == ["b", "c"]
    assert sums.similarity("a", "c").cka == pytest.approx(compare(X, Y**3)["cka"].value)


def test_the_result_says_how_many_rows_were_moved():
    first, second = pd.DataFrame(X, index=NAMES), pd.DataFrame(Y, index=NAMES)
    with pytest.warns(UserWarning, match="second: reordered 2 rows by name, to the order of first"):
        found = compare(first, second.iloc[[1, 0, *range(2, 24)]])
    assert {one.note for one in found.values()} == {"second: reordered 2 rows by name, to the order of first"}
    with pytest.warns(UserWarning, match="rows have the names of first, in the same order"):
        assert compare(first, second)["cka"].value == compare(X, Y)["cka"].value


def test_one_side_without_names_counts_by_order_and_it_is_said():
    named = pd.DataFrame(Y, index=NAMES)
    for other in (X, X.tolist(), pd.DataFrame(X)):
        with pytest.warns(UserWarning, match="first has no names of rows: taken to be in the order of second"):
            assert compare(other, named)["cka"].value == pytest.approx(compare(X, Y)["cka"].value)


def test_default_indexes_are_no_names():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for other in (Y, pd.DataFrame(Y)):
            assert compare(pd.DataFrame(X), other)["cka"].note == ""


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([*NAMES[:-1], "other.png"], r"second: has no row named 'image23.png', expected the names of first"),
        (
            [f"other{row}" for row in range(24)],
            r"second: has no row named 'image0.png', 'image1.png', 'image2.png', \.\.\.",
        ),
        ([*NAMES[:-1], NAMES[0]], r"second: row name 'image0.png' is repeated, expected every name once"),
        ([*NAMES[:-1], None], r"second: row 23 has a missing name"),
    ],
)
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_names_that_do_not_fit_are_refused(function, index, message):
    if function in (FUNCTIONS["cdnv"], FUNCTIONS["directional_cdnv"]):
        message = message.replace("second", "labels").replace("first", "features")
    with pytest.raises(ValueError, match=message):
        function(pd.DataFrame(X, index=NAMES), pd.DataFrame(Y, index=index))


def test_shuffled_labels_with_their_index_give_the_same_variance():
    table, labels = pd.DataFrame(X, index=NAMES), pd.Series(LABELS, index=NAMES)
    with pytest.warns(UserWarning, match="labels: reordered"):
        assert cdnv(table, labels.iloc[ORDER]) == cdnv(X, LABELS)


@pytest.mark.parametrize(
    ("column", "values"),
    [("label", LABELS), ("Class", LABELS / 2), ("id", ORDER + 100), ("id", pd.array(ORDER))],
)
@pytest.mark.parametrize("function", ["compare", "accumulate", "procrustes", "cdnv"])
def test_a_column_of_labels_or_ids_is_no_feature(function, column, values):
    table = pd.DataFrame(X).assign(**{column: values})
    with pytest.raises(ValueError, match=f"column '{column}' .* is no feature"):
        FUNCTIONS[function](table, Y)


def test_columns_of_whole_numbers_and_truth_values_are_features():
    for table in (pd.DataFrame(X).assign(kind=LABELS), pd.DataFrame(X > 0).assign(more=X[:, 0])):
        values = table.to_numpy(float)
        assert compare(table, Y, ["cka_raw"])["cka_raw"].value == compare(values, Y, ["cka_raw"])["cka_raw"].value
