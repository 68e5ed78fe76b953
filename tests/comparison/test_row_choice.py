"""Rows that are compared: those of a list of names, and those without missing values, by name on both sides."""

import json

import numpy as np
import pandas as pd
import pytest

import twin_alignment as ta
from tests.library.conftest import command  # noqa: F401  (a fixture)
from twin_alignment.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
Y = X + 0.3 * RNG.normal(size=(30, 4))
ORDER = RNG.permutation(30)
NAMES = np.array([f"img{row}.png" for row in range(30)])
LABELS = np.arange(30) % 3
GAPS = {"x": [(3, 1), (20, 0), (20, 2)], "y": [(7, 2)]}  # row and column of missing values
WITHOUT = np.setdiff1d(np.arange(30), [3, 7, 20])


def with_gaps(values, side):
    values = values.copy()
    for place in GAPS[side]:
        values[place] = np.nan
    return values


def text(path, values, names=NAMES, gap=""):
    pd.DataFrame(values, names, list("abcd")).to_csv(path, na_rep=gap)


def parquet(path, values, names=NAMES):
    pytest.importorskip("pyarrow")
    pd.DataFrame(values, names, list("abcd")).to_parquet(path)


def lists(path, values, names=NAMES):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"file": names, "h": list(values)}).to_feather(path)


def npz(path, values, names=NAMES):
    np.savez(path, h=values, row_names=names)


def hdf5(path, values, names=NAMES):
    with pytest.importorskip("h5py").File(path, "w") as file:
        file["h"], file["row_names"] = values, names.tolist()


WRITERS = {"csv": text, "parquet": parquet, "feather": lists, "npz": npz, "h5": hdf5}


@pytest.fixture
def files(tmp_path):
    """Two files in different orders, labels in the second's, without missing values."""
    text(tmp_path / "x.csv", X)
    npz(tmp_path / "y.npz", Y[ORDER], NAMES[ORDER])
    pd.DataFrame({"file": NAMES[ORDER], "label": LABELS[ORDER]}).to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path


def values_of(comparison):
    return [*comparison.table["value"], *(item.cdnv for item in comparison.collapse.values())]


def expected(rows):
    return values_of(ta.compare_many({"x": X[rows], "y": Y[rows]}, LABELS[rows]))


@pytest.mark.parametrize("form", WRITERS)
def test_rows_with_missing_values_are_left_out_by_name_and_listed(files, capsys, form):
    WRITERS[form](files / f"x.{form}", with_gaps(X, "x"))
    npz(files / "y.npz", with_gaps(Y, "y")[ORDER], NAMES[ORDER])
    sources = [files / f"x.{form}", files / "y.npz"]
    found = ta.compare_files(sources, files / "labels.csv", drop_missing=True)
    assert values_of(found) == pytest.approx(expected(WITHOUT), abs=1e-9)
    counts = f"2 in {sources[0]}, 1 in {sources[1]}"
    note = f"left out 3 rows with missing values ({counts}): 'img3.png', 'img20.png', 'img7.png'"
    assert capsys.readouterr().err == f"{note}\n"
    assert (found.joined[0], found.rows) == (note, 27)


@pytest.mark.parametrize("gap", ["", "NA", "nan", "None"])
def test_missing_cells_are_an_error_with_row_and_column_unless_they_are_left_out(files, gap):
    text(files / "x.csv", with_gaps(X, "x"), gap=gap)
    with pytest.raises(InputError, match=r"x\.csv: line (22, column a: '\w+' is no number|5, column b is empty)"):
        ta.compare_files([files / "x.csv", files / "y.npz"])
    found = ta.compare_files([files / "x.csv", files / "y.npz"], drop_missing=True)
    assert found.rows == 28


def test_only_the_first_five_of_many_rows_are_listed(files, command):  # noqa: F811
    values = np.where(np.arange(30)[:, None] < 8, np.nan, X)
    text(files / "x.csv", values)
    status, output, err = command("align", files / "x.csv", files / "y.npz", "--drop-missing", "--json")
    first = ", ".join(f"'img{row}.png'" for row in range(5))
    assert (status, err) == (0, f"left out 8 rows with missing values (8 in {files / 'x.csv'}): {first}, ...\n")
    found = json.loads(output)
    assert (found["rows"], found["joined"][0]) == (22, err.strip())


def test_nothing_is_said_where_nothing_is_missing(files, capsys):
    found = ta.compare_files([files / "x.csv", files / "y.npz"], files / "labels.csv", drop_missing=True)
    assert values_of(found) == pytest.approx(expected(np.arange(30)), abs=1e-9)
    assert capsys.readouterr().err == ""


def test_rows_of_a_list_are_kept_in_the_order_of_the_files(files, command):  # noqa: F811
    wanted = RNG.permutation(30)[:18]
    (files / "rows.txt").write_text("\n".join(NAMES[wanted]) + "\n\n")
    options = ("--rows", files / "rows.txt", "--labels", files / "labels.csv", "--json")
    status, output, err = command("align", files / "x.csv", files / "y.npz", *options)
    found = json.loads(output)
    pair = found["pairs"][0]
    values = [pair[name]["value"] for name in pair if name not in ("first", "second")]
    variances = [item["cdnv"] for item in found["collapse"].values()]
    assert [*values, *variances] == pytest.approx(expected(np.sort(wanted)), abs=1e-9)
    sources = (files / "x.csv", files / "y.npz")
    lines = [f"{source}: 18 of 30 rows, those named in {files / 'rows.txt'}" for source in sources]
    assert (status, found["rows"], err.splitlines(), found["joined"][:2]) == (0, 18, lines, lines)


def test_a_list_can_leave_out_the_rows_that_one_file_lacks(files):
    npz(files / "y.npz", Y[5:], NAMES[5:])
    with pytest.raises(InputError, match=r"y\.npz: has no row named 'img0\.png'"):
        ta.compare_files([files / "x.csv", files / "y.npz"])
    (files / "rows.txt").write_text("\n".join(NAMES[5:]))
    found = ta.compare_files([files / "x.csv", files / "y.npz"], files / "labels.csv", rows=files / "rows.txt")
    assert values_of(found) == pytest.approx(expected(np.arange(5, 30)), abs=1e-9)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda f: (f / "rows.txt").write_text("img1.png\nnew.png"), "rows", r"x\.csv: has no row named 'new\.png'"),
        (lambda f: (f / "rows.txt").write_text("img1.png\nimg1.png"), "rows", r"rows\.txt: 'img1\.png' is repeated"),
        (lambda f: (f / "rows.txt").write_text("\n"), "rows", r"rows\.txt: is empty, expected a name"),
        (lambda f: (f / "rows.txt").write_bytes(b"\xff"), "rows", r"rows\.txt: is not text in UTF-8"),
        (lambda f: None, "rows", r"rows\.txt: no such file"),
        (
            lambda f: np.savez(f / "y.npz", h=with_gaps(Y, "y")),
            "missing",
            r"y\.npz: has no names of rows",
        ),
        (lambda f: npz(f / "y.npz", with_gaps(Y, "y"), np.roll(NAMES, 1)[[0, *range(29)]]), "missing", "is repeated"),
        (lambda f: npz(f / "y.npz", np.full_like(Y, np.nan)), "missing", r"x\.csv: no row is left"),
        (
            lambda f: npz(f / "y.npz", with_gaps(Y, "y"), np.array([f"new{row}" for row in range(30)])),
            "missing",
            r"x\.csv: has no row named 'new7', which has missing values in \S+y\.npz: expected the same names",
        ),
        (
            lambda f: (text(f / "x.csv", with_gaps(X, "x")), np.save(f / "labels.npy", LABELS)),
            "missing labels.npy",
            r"labels\.npy: has no names of rows, expected them as some rows are left out",
        ),
        (
            lambda f: (
                text(f / "x.csv", with_gaps(X, "x")),
                pd.Series(LABELS[1:], NAMES[1:], name="label").to_csv(f / "few.csv"),
            ),
            "missing few.csv",
            r"few\.csv: has no row named 'img0\.png', expected the names of \S+x\.csv",
        ),
        (
            lambda f: text(f / "x.csv", X, ["", *NAMES[1:]]),
            "missing",
            r"x\.csv: line 2: the name .* is missing",
        ),
    ],
)
def test_rows_that_cannot_be_chosen_by_name_are_refused(files, change, options, message):
    change(files)
    rows = files / "rows.txt" if options == "rows" else None
    labels = next((files / name for name in options.split()[1:]), None)
    with pytest.raises(InputError, match=message):
        ta.compare_files([files / "x.csv", files / "y.npz"], labels, rows=rows, drop_missing="missing" in options)
