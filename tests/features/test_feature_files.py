import contextlib
import itertools
import json
import multiprocessing.process
import os
import pickle
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.lib.format import write_array_header_1_0
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch
from scipy.io import loadmat, savemat
from scipy.sparse import csc_matrix

from pipeline.__main__ import main
from tests.measures import definitions
from twin_alignment.errors import InputError
from twin_alignment.comparison.comparison_text import HINT
from twin_alignment.features.feature_files import read_array, read_features, read_labels
from twin_alignment.comparison.file_comparison import compare_files
from twin_alignment.comparison.short_names import short_names
from twin_alignment.measures.registry import ALL_MEASURES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
Y = X @ RNG.normal(size=(4, 3)) + RNG.normal(size=(30, 3))
LABELS = np.repeat([1, 2, 7], 10)


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "y.npz", features=Y)
    np.savez(tmp_path / "two.npz", train=X, test=Y)
    save_file({"h": X.astype(np.float32)}, tmp_path / "x.safetensors")
    pd.DataFrame(Y).to_csv(tmp_path / "y.csv", index=False, header=False)
    pd.DataFrame(Y, columns=["a", "b", "c"]).to_csv(tmp_path / "named.csv", index=False)
    pd.DataFrame(Y, columns=["a", "b", "c"], index=np.arange(30)[::-1]).to_csv(tmp_path / "indexed.csv")
    pd.DataFrame(Y).to_csv(tmp_path / "counted.csv", index=False)
    pd.DataFrame(Y).to_csv(tmp_path / "y.tsv", sep="\t")
    np.save(tmp_path / "big.npy", X.astype(">f8"))
    savemat(tmp_path / "y.mat", {"train": X, "test": Y})
    torch.save(torch.from_numpy(Y), tmp_path / "y.pt")
    torch.save({"test": torch.from_numpy(Y), "epoch": 3, "train": torch.from_numpy(X)}, tmp_path / "two.pt")
    save_torch({"h": torch.from_numpy(X).bfloat16()}, tmp_path / "half.safetensors")
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path


def align(capsys, *arguments):
    status = main(["align", *map(str, arguments)])
    return status, capsys.readouterr()


def test_the_json_has_every_measure_with_interval_and_null(files, capsys):
    status, output = align(capsys, files / "x.npy", files / "y.npz", "--json")
    assert status == 0
    found = json.loads(output.out)
    (pair,) = found["pairs"]
    assert (found["rows"], [file["dimensions"] for file in found["files"]]) == (30, [4, 3])
    for name, value in definitions.measures(X, Y).items():
        assert pair[name]["value"] == pytest.approx(value, abs=1e-10)
        assert pair[name]["low"] <= pair[name]["value"] <= pair[name]["high"]
        assert pair[name]["null"] < pair[name]["value"]
        assert found["matrices"][name] == [[1.0, pair[name]["value"]], [pair[name]["value"], 1.0]]
    assert found["collapse"] == {}


@pytest.mark.parametrize(
    "second",
    ["y.csv", "named.csv", "indexed.csv", "counted.csv", "y.tsv", "two.npz:test", "y.mat:test", "y.pt", "two.pt:test"],
)
@pytest.mark.parametrize(
    ("first", "digits"),
    [("x.npy", 1e-9), ("big.npy", 1e-9), ("x.safetensors", 1e-5), ("two.npz:train", 1e-9), ("half.safetensors", 3e-2)],
)
def test_every_format_gives_the_same(files, capsys, first, digits, second):
    _, output = align(capsys, files / first, files / second, "--json")
    expected = definitions.measures(X, Y)
    (found,) = json.loads(output.out)["pairs"]
    assert [found[name]["value"] for name in expected] == pytest.approx(list(expected.values()), abs=digits)


def test_labels_add_the_collapse_of_both_files(files, capsys):
    _, output = align(capsys, files / "x.npy", files / "y.npz", "--labels", files / "labels.npy", "--json")
    collapse = json.loads(output.out)["collapse"]
    x, y = collapse[str(files / "x.npy")], collapse[str(files / "y.npz")]
    assert x.keys() == y.keys() == {"cdnv", "directional_cdnv"}
    assert x["cdnv"] != y["cdnv"]


def test_the_text_says_the_values_and_what_was_assumed(files, capsys):
    _, output = align(capsys, files / "x.npy", files / "y.npz", "--labels", files / "labels.npy")
    for name, value in definitions.measures(X, Y).items():
        assert f"{value:.4f}" in output.out, name
    assert f"{files / 'x.npy'}: 30 rows, 4 columns\n{files / 'y.npz'}: 30 rows, 3 columns\n" in output.out
    assert "30 rows, taken to be the same inputs in the same order" in output.out
    assert "directional CDNV" in output.out
    assert "Are the rows of both in the same order?" not in output.out


def test_values_at_chance_ask_whether_the_rows_are_in_one_order(files, capsys):
    np.save(files / "mixed.npy", X[np.random.default_rng(1).permutation(30)])
    _, output = align(capsys, files / "x.npy", files / "y.npz", files / "mixed.npy")
    assert output.out.count(HINT) == 2
    assert f"{files / 'x.npy'} and {files / 'mixed.npy'}: {HINT}" in output.out
    assert "Are the rows of both in the same order?" in output.out


def test_several_files_are_compared_two_by_two(files, capsys):
    np.save(files / "z.npy", X**3)
    sources = [str(files / name) for name in ("x.npy", "y.npz", "z.npy")]
    status, output = align(capsys, *sources, "--json", "--csv", files / "all.csv", "--plot", files / "all.png")
    assert status == 0
    arrays = dict(zip(sources, (X, Y, X**3), strict=True))
    matrices = json.loads(output.out)["matrices"]
    table = pd.read_csv(files / "all.csv").set_index(["first", "second", "measure"])["value"]
    for (i, a), (j, b) in itertools.combinations(enumerate(sources), 2):
        for name, value in definitions.measures(arrays[a], arrays[b]).items():
            assert matrices[name][i][j] == matrices[name][j][i] == pytest.approx(value)
            assert table[a, b, name] == pytest.approx(value)
    assert (files / "all.png").read_bytes().startswith(b"\x89PNG")
    _, output = align(capsys, *sources)
    assert output.out.count("z.npy") == 1 + 2 * 4  # as it was read, and in the matrix of every measure


@pytest.mark.parametrize("names", [(b"x$_^$.npy", b"bad\xff.npy"), (b"x$_^$.npy", b"bad\xff.npy", b"bad\xfe.npy")])
def test_names_that_are_mathematics_to_matplotlib_or_not_utf8_are_drawn_and_written(tmp_path, capsys, names):
    sources = [os.fsdecode(os.path.join(os.fsencode(tmp_path), name)) for name in names]
    for number, source in enumerate(sources):
        np.save(source, X ** (2 * number + 1))
    csv, plot = tmp_path / "a.csv", tmp_path / "a.svg"
    status, output = align(capsys, *sources, "--measures", "cka", "--json", "--csv", csv, "--plot", plot)
    assert (status, output.err) == (0, "")
    printable = [rf"{tmp_path / 'x$_^$.npy'}", rf"{tmp_path}/bad\udcff.npy", rf"{tmp_path}/bad\udcfe.npy"][: len(names)]
    assert [file["file"] for file in json.loads(output.out)["files"]] == printable
    table = pd.read_csv(csv)
    assert {*table["first"], *table["second"]} == set(printable)
    assert "x$_^$.npy" in plot.read_text()  # as a comment beside the drawn letters


def test_measures_are_chosen_by_name_and_all_of_them_can_be_asked_for(files, capsys):
    _, output = align(capsys, files / "x.npy", files / "y.npz", "--measures", "rsa,mutual_knn", "--json")
    (pair,) = json.loads(output.out)["pairs"]
    assert list(pair) == ["first", "second", "rsa", "mutual_knn"]
    assert pair["mutual_knn"]["null"] == pytest.approx(10 / 29)
    assert f"mutual_knn, {files / 'x.npy'} and {files / 'y.npz'}" in output.err
    assert pair["mutual_knn"]["low"] is None
    _, output = align(
        capsys, files / "x.npy", files / "y.npz", "--measures", "all", "--json", "--plot", files / "p.pdf"
    )
    assert list(json.loads(output.out)["pairs"][0])[2:] == list(ALL_MEASURES)
    status, output = align(capsys, files / "x.npy", files / "y.npz", "--measures", "rsa,cca")
    assert (status, output.err) == (2, f"error: measure 'cca': expected all, or some of {', '.join(ALL_MEASURES)}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.npy"], "x.npy: one file, expected two or more"),
        (["x.npy", "y.npz", "x.npy"], "x.npy: named twice"),
        (["x.npy", "y.npz", "--plot", "a.txt"], "a.txt: expected a .png, .pdf or .svg"),
    ],
)
def test_what_cannot_be_compared_or_drawn_is_said_first(files, capsys, arguments, message):
    status, output = align(capsys, *(files / one if "." in one and "--" not in one else one for one in arguments))
    assert status == 2
    assert message in output.err


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: np.save(p / "bad.npy", X[:-1]), "x.npy has 30 rows and .*bad.npy has 29"),
        (lambda p: np.save(p / "bad.npy", X[:, 0]), r"shape \(30,\), expected \[rows, dimensions\]"),
        (lambda p: np.save(p / "bad.npy", X[:0]), r"shape \(0, 4\), expected"),
        (lambda p: (p / "bad.npy").write_bytes(b""), "not a readable .npy array"),
        (lambda p: np.save(p / "bad.npy", np.array([{}, {}], dtype=object)), "pickled objects are not read"),
        (lambda p: (p / "bad.npy").write_bytes(pickle.dumps(X)), "pickled objects are not read"),
        (lambda p: np.save(p / "bad.npy", X.astype(str)), "expected real numbers"),
        (lambda p: np.save(p / "bad.npy", X + 1j), "expected real numbers"),
        (lambda p: np.save(p / "bad.npy", np.where(X > 2, np.nan, X)), "is zero or not finite"),
        (lambda p: np.save(p / "bad.npy", np.ones_like(X)), "bad.npy: all similarities are equal"),
        (lambda p: None, "bad.npy: no such file"),
    ],
)
def test_bad_input_is_one_clear_sentence_and_status_2(files, capsys, write, message):
    write(files)
    status, output = align(capsys, files / "x.npy", files / "bad.npy", "--json")
    assert status == 2
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(output.err)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.csv", "", "the file is empty"),
        ("bad.csv", "1,2\n3,4,5\n", "rows of different lengths"),
        ("bad.csv", "1,2\n3,four\n", "bad.csv: line 2, column 2: 'four' is no number"),
        ("bad.csv", "a,b\n1,2,3\n4,5,6\n", "bad.csv: line 2 has 3 cells and the header 2, expected as many"),
        ("bad.csv", "a,b,c\n1,2\n4,5\n", "bad.csv: line 2 has 2 cells and the header 3, expected as many"),
        ("bad.csv", "a,b,\n1,2,3\n", "bad.csv: line 2 has 3 cells and the header 2, expected as many"),
        ("bad.csv", "a,b\n1,2\n3,4,5\n", "rows of different lengths: Error tokenizing data. C error: Expected 2"),
        ("bad.csv", "a,b\n1,2\n3\n", "bad.csv: line 3, column b is empty, expected a row a line, all filled"),
        ("bad.csv", "1,2,\n3,4,5\n", "bad.csv: line 1, column 3 is empty"),
        ("bad.csv", "a,b\n1,\n3,\n", "bad.csv: line 2, column b is empty"),
        ("bad.csv", "a,b\n1,2\n\n3,4\n", "bad.csv: line 3 is empty, expected a row a line"),
        ("bad.csv", "a\n\n\n", "bad.csv: no rows below the header"),
        ("bad.csv", "a,b\n", "bad.csv: no rows below the header"),
        ("bad.csv", "\n1,2\n", "bad.csv: line 1 is empty"),
        ("bad.csv", "1,2\n3,NA\n", "bad.csv: line 2, column 2: 'NA' is no number"),
        ("bad.csv", "a,b\n3,nan\n", "bad.csv: line 2, column b: 'nan' is no number"),
        ("bad.csv", "1.5,NA\n3,4\n", "bad.csv: line 1 is a header or a row, as it holds 1.5 and what is no number"),
        ("bad.csv", "a;b\n1,5;2,5\n", "bad.csv: line 2, column a: '1,5' is no number"),
        ("bad.csv", pd.DataFrame(X, pd.MultiIndex.from_product([range(3), range(10)])).to_csv(), "line 1, column 2 is"),
        ("bad.csv", pd.DataFrame(X, columns=[[0, 0, 1, 1], [0, 1, 0, 1]]).to_csv(), "line 2, column 1 is empty"),
        ("bad.csv", f"{'a' * 200_000},b\n1,2\n", "bad.csv: line 1: field larger than field limit"),
        ("bad.txt", "1 2", "expected a file of one of the formats .npy"),
        ("bad.safetensors", "nothing", "not a readable .safetensors array"),
    ],
)
def test_bad_files_are_named(tmp_path, capsys, name, content, message):
    (tmp_path / name).write_text(content)
    status, output = align(capsys, tmp_path / name, tmp_path / name)
    assert status == 2
    assert message in output.err


def header_that_lies(path):
    with path.open("wb") as file:
        write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**5)})


def with_changed_bytes(path, start, new):
    content = bytearray(path.read_bytes())
    content[start : start + len(new)] = new
    path.write_bytes(content)


def packed(path):
    np.savez_compressed(path, np.arange(10_000.0))
    with_changed_bytes(path, 80, b"\xff" * 50)


def unclosed(path):
    np.save(path, X)
    with_changed_bytes(path, 10, b"{(")


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("bad.pt", lambda p: torch.save(torch.eye(5).to_sparse(), p), "not a readable .pt array: it is sparse"),
        ("bad.safetensors", lambda p: p.write_bytes(b""), "not a readable .safetensors array"),
        ("bad.mat", lambda p: savemat(p, {"x": csc_matrix(X)}), "not a readable .mat array: it is sparse"),
        ("bad.mat", lambda p: p.write_bytes(b""), "not a readable .mat array"),
        ("bad.npy", header_that_lies, "takes more memory than there is, or is damaged"),
        ("bad.npy", unclosed, "not a readable .npy array"),
        ("bad.npz", packed, "not a readable .npz array"),
        ("bad.npz", lambda p: p.write_bytes(b"PK\x03\x04"), "not a readable .npz array"),
        ("bad.pth", lambda p: p.write_bytes(b"\x80\x02."), "not a readable .pth array"),
    ],
)
def test_damaged_and_sparse_arrays_are_refused_in_a_sentence(tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(InputError, match=rf"^\S+{name}: .*{message}") as refused:
        read_features(str(tmp_path / name))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.float16, torch.bfloat16])
def test_short_floats_are_read(tmp_path, dtype):
    save_torch({"h": torch.eye(5, dtype=dtype)}, tmp_path / "short.safetensors")
    torch.save(torch.eye(5, dtype=dtype), tmp_path / "short.pt")
    for name in ("short.safetensors", "short.pt"):
        assert torch.equal(read_features(str(tmp_path / name)).values, torch.eye(5))


def test_one_of_several_arrays_has_to_be_named(files, capsys):
    status, output = align(capsys, files / "two.npz", files / "y.npz")
    assert status == 2
    assert "two.npz: 2 arrays; name one as" in output.err
    assert "it has: test, train" in output.err
    _, output = align(capsys, f"{files / 'two.npz'}:valid", files / "y.npz")
    assert "no array 'valid'" in output.err


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[:-1], "one label for each of the 30 rows"),
        (LABELS + 0.5, "not whole numbers"),
        (LABELS * 1e30, "not whole numbers"),
        (0 * LABELS, "1 cl"),
    ],
)
def test_labels_that_do_not_fit_are_refused(files, capsys, labels, message):
    np.save(files / "labels.npy", labels)
    status, output = align(capsys, files / "x.npy", files / "y.npz", "--labels", files / "labels.npy")
    assert status == 2
    assert message in output.err


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("a,b,\n1,2,\n3,4,\n", "header a, b"),
        ("a,b\n1,2,\n3,4,\n", "header a, b"),
        ("1,2,\n3,4,\n", "no header"),
        ("1,2\n3,4\n\n\n", "no header"),
        ("1;2\n3;4\n", "no header, separated by ';'"),
        (";a;b\nx;1;2\ny;3;4\n", "header a, b, rows named by the index, separated by ';'"),
        ('"a,b","c"\n1,2\n3,4', "header a,b, c"),
        ("\ufeff1, 2\r\n3, 4\r\n", "no header"),
    ],
)
def test_text_that_other_programs_write_is_read(tmp_path, content, note):
    (tmp_path / "a.csv").write_text(content, newline="")
    found = read_features(str(tmp_path / "a.csv"))
    assert (found.values.tolist(), found.note) == ([[1.0, 2.0], [3.0, 4.0]], note)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("y.csv", "no header"),
        ("named.csv", "header a, b, c"),
        ("indexed.csv", "header a, b, c, rows named by the index"),
        ("counted.csv", "header 0, 1, 2"),
        ("y.tsv", "header 0, 1, 2, rows named by the index"),
    ],
)
def test_what_text_files_say_beside_numbers_is_recognised_and_told(files, name, note):
    found = read_features(str(files / name))
    assert found.values.numpy() == pytest.approx(Y)
    assert found.text == f"{files / name}: 30 rows, 3 columns; {note}"


def test_a_column_that_counts_the_rows_is_no_feature(files, capsys):
    pd.DataFrame(Y).rename_axis("id").to_csv(files / "id.csv")
    status, output = align(capsys, files / "x.npy", files / "id.csv")
    assert status == 2
    assert "id.csv: column id counts the rows and is no feature: leave it out" in output.err
    (files / "unclear.csv").write_text("0,1\n" * 6)
    _, output = align(capsys, files / "x.npy", files / "unclear.csv")
    assert "its first line, 0,1, may be a header or a row" in output.err


@pytest.mark.parametrize(("header", "index"), [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("words", [True, False])
def test_labels_are_numbers_or_words_with_or_without_header_and_index(tmp_path, header, index, words):
    values = np.repeat(["cat", "dog", "eel"], 10) if words else LABELS
    pd.Series(values, name="kind").to_csv(tmp_path / "labels.csv", header=header, index=index)
    found = read_labels(str(tmp_path / "labels.csv"), 30)
    assert torch.equal(found[:, None] == found, torch.from_numpy(LABELS[:, None] == LABELS))


def test_labels_of_words_in_an_array(tmp_path):
    for words in (["b", "a", "b"], [b"b\xe9", b"a", b"b\xe9"]):
        np.save(tmp_path / "labels.npy", np.array(words))
        assert read_labels(str(tmp_path / "labels.npy"), 3).tolist() == [1, 0, 1]


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
@pytest.mark.parametrize("labels", [np.array([7, 2, 7]), np.array(["dog", "cat", "dog"], dtype=object)])
def test_labels_as_matlab_keeps_them(tmp_path, shape, labels):
    savemat(tmp_path / "labels.mat", {"labels": labels.reshape(shape)})
    found = read_labels(str(tmp_path / "labels.mat"), 3).tolist()
    assert [one == found[0] for one in found] == [True, False, True]


def test_a_cell_array_of_other_things_is_no_labels(tmp_path):
    for cells in ([np.eye(2), "a", "b"], ["a", "", "b"]):
        held = np.empty(3, dtype=object)
        held[:] = cells
        savemat(tmp_path / "labels.mat", {"labels": held[:, None]})
        with pytest.raises(InputError, match=r"labels\.mat: (.*it holds objects|label 2 is missing)"):
            read_labels(str(tmp_path / "labels.mat"), 3)


def test_what_is_read_is_never_written_over(files, capsys):
    before = {path: path.read_bytes() for path in files.iterdir()}
    pair, labels = (files / "x.npy", files / "named.csv"), ("--labels", files / "labels.npy")
    for written in (("--csv", files / "named.csv"), ("--csv", files / "labels.npy"), ("--csv", files / "." / "x.npy")):
        status, output = align(capsys, *pair, *labels, *written)
        assert (status, output.out) == (2, "")
        assert output.err == f"error: {written[1]}: is read, and would be written over: expected another name\n"
    two = f"{files / 'two.npz'}:test"
    assert align(capsys, files / "x.npy", two, "--csv", files / "two.npz")[0] == 2
    status, output = align(capsys, *pair, "--plot", files / "none" / "a.png")
    assert (status, output.err) == (
        2,
        f"error: {files / 'none' / 'a.png'}: {files / 'none'} is no folder to write it into\n",
    )
    assert {path: path.read_bytes() for path in files.iterdir()} == before


def test_files_are_named_by_paths_too(files):
    found = compare_files([files / "x.npy", files / "y.npz"], files / "labels.npy", ["cka"])
    assert list(found.collapse) == [str(files / "x.npy"), str(files / "y.npz")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind\ncat\n\ncat\n", "line 3 is empty"),  # as many lines as rows and a header, if the empty one is left out
        (",kind\n0,cat\n1,\n2,cat\n", "line 3, column kind is empty"),
        ("cat\nNaN\ndog\n", r"label 2 is missing \('NaN'\), expected one for every row"),
        ("1\nnan\n2\n", r"label 2 is missing \('nan'\)"),
        ("4\n5\n6\n7\n", "4 labels for 3 rows, as line 1, 4, is no header"),
        ("cat\ndog\ncat\ncat\n", "4 labels for 3 rows, as line 1, cat, is no header"),
        ("kind\n1\n2\n", "2 labels for 3 rows, as line 1, kind, is a header"),
        ("kind\n1\n2\n\n", "2 labels for 3 rows, as line 1, kind, is a header"),
    ],
)
def test_a_label_that_is_missing_or_one_too_many_is_refused(tmp_path, content, message):
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(InputError, match=rf"labels\.csv: {message}"):
        read_labels(str(tmp_path / "labels.csv"), 3)
    np.save(tmp_path / "labels.npy", np.array(["a", "", "b"]))
    with pytest.raises(InputError, match=r"labels\.npy: label 2 is missing"):
        read_labels(str(tmp_path / "labels.npy"), 3)


def test_a_header_that_counts_is_one_above_labels_too(tmp_path):
    (tmp_path / "labels.csv").write_text("0\n0\n1\n0\n")  # as pandas writes a column without a name
    assert read_labels(str(tmp_path / "labels.csv"), 3).tolist() == [0, 1, 0]


def test_labels_with_two_columns_are_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("0,1\n1,2\n2,1\n")
    with pytest.raises(InputError, match=r"labels\.csv: 2 columns, expected one of labels"):
        read_labels(str(tmp_path / "labels.csv"), 3)


@pytest.mark.parametrize(
    ("held", "name"),
    [
        (lambda t: {"state_dict": {"fc.weight": t}}, "state_dict.fc.weight"),
        (lambda t: {"state_dict": {"module.fc.weight": t, "module.fc.bias": t[0]}, "epoch": 3}, "fc.weight"),
        (lambda t: {"model": {"layers": [{"w": -t}, {"w": t}]}}, "layers.1.w"),
        (lambda t: {"a": {"w": t}, "b": {"w": -t}}, "a.w"),
        (lambda t: [t, -t], "0"),
        (lambda t: {"state_dict": {"features": t}}, None),
    ],
)
def test_tensors_in_dictionaries_have_names_joined_by_points(tmp_path, held, name):
    torch.save(held(torch.from_numpy(X)), tmp_path / "a.pt")
    source = str(tmp_path / "a.pt") + (f":{name}" if name else "")
    assert read_features(source).values.numpy() == pytest.approx(X)


def test_a_name_that_ends_two_tensors_is_refused_with_both(tmp_path):
    torch.save({"a": {"w": torch.eye(2)}, "b": {"w": torch.eye(2)}}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"2 arrays; name one as .*it has: a\.w, b\.w"):
        read_features(f"{tmp_path / 'a.pt'}:w")
    torch.save({"a": {"b.c": torch.eye(2)}, "a.b": {"c": torch.eye(3)}}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="two tensors have one name"):
        read_features(f"{tmp_path / 'a.pt'}:a.b.c")


@pytest.mark.parametrize("name", ["dense/kernel:0", "a:b:c", ":", "x.npz:y", "h"])
@pytest.mark.parametrize("folder", ["", "run:1", "x.npz:d"])
def test_names_and_folders_may_have_colons(tmp_path, name, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    path = tmp_path / folder / "tf.safetensors"
    save_file({name: X, "other": Y}, path)
    assert read_features(f"{path}:{name}").values.numpy() == pytest.approx(X)
    np.save(tmp_path / folder / "plain:0.npy", X)
    assert read_features(str(tmp_path / folder / "plain:0.npy")).values.numpy() == pytest.approx(X)


@pytest.mark.parametrize(
    ("sources", "short"),
    [
        (["run1/features.npy", "run2/features.npy", "run3/features.npy"], ["run1", "run2", "run3"]),
        (["/a/x.npy", "/b/y.npy"], ["x.npy", "y.npy"]),
        (["a/b/f.npy", "a/c/f.npy", "d/b/f.npy"], ["a/b", "a/c", "d/b"]),
        (["r/f.npz:train", "r/f.npz:test"], ["f.npz:train", "f.npz:test"]),
        (["r1/f.npz:h", "r2/f.npz:h"], ["r1", "r2"]),
        (["f.npy", "r/f.npy"], ["f.npy", "r/f.npy"]),
        (["f.npy", "f.npy"], ["f.npy", "f.npy"]),
    ],
)
def test_names_are_the_shortest_parts_of_paths_that_tell_them_apart(sources, short):
    assert short_names(sources) == short


def test_pictures_and_matrices_have_short_names(tmp_path, capsys):
    sources = [tmp_path / run / "features.npy" for run in ("first", "second", "third")]
    for power, source in enumerate(sources):
        source.parent.mkdir()
        np.save(source, X ** (2 * power + 1))
    _, output = align(capsys, *sources, "--plot", tmp_path / "a.svg", "--measures", "cka,drift,rho")
    assert re.search(r"\n +first +second +third\n", output.out)
    drawn = (tmp_path / "a.svg").read_text()
    assert all(re.search(rf"<!-- {run} +\d -->", drawn) for run in ("first", "second", "third"))
    assert "features.npy" not in drawn
    _, output = align(capsys, *sources, "--json", "--measures", "drift,rho")
    matrices = json.loads(output.out)["matrices"]
    assert matrices["drift"][0][0] == 0.0
    assert matrices["drift"][1][0] == matrices["drift"][0][1]
    assert (matrices["rho"][0][1] > 0, matrices["rho"][1][0]) == (True, None)


@pytest.mark.parametrize("options", [{}, {"do_compression": True}, {"format": "4"}])
def test_a_mat_file_has_what_scipy_reads_and_starts_no_process(tmp_path, monkeypatch, options):
    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", None)
    monkeypatch.setattr(subprocess, "Popen", None)
    arrays = {"x": X, "f": X.astype(np.float32), "i": np.arange(300, dtype=np.uint16)[None]}
    if "format" not in options:
        arrays |= {"b": X > 0, "t": RNG.normal(size=(2, 3, 4)), "w": np.array(["ab", "cd"]), "s": {"a": 1}}
    savemat(tmp_path / "a.mat", arrays, **options)
    expected = loadmat(tmp_path / "a.mat")
    for name in arrays.keys() - {"s"}:
        found = read_array(f"{tmp_path / 'a.mat'}:{name}").values
        assert np.array_equal(found, expected[name]), name
        assert found.dtype == expected[name].dtype
    if "s" in arrays:
        with pytest.raises(InputError, match="it is a structure or object"):
            read_array(f"{tmp_path / 'a.mat'}:s")


def test_damaged_mat_files_are_refused_or_read_and_end_nothing(tmp_path):
    """SciPy's own reader ends the process on some of these."""
    cells = np.array([["cat"], ["dog"]], dtype=object)
    rng = np.random.default_rng(0)
    for options in ({}, {"do_compression": True}):
        savemat(tmp_path / "a.mat", {"x": X[:3], "w": cells, "s": {"a": X[:2]}}, **options)
        whole = (tmp_path / "a.mat").read_bytes()
        for _ in range(300):
            content = bytearray(whole[: rng.integers(130, len(whole) + 1)])
            for place in rng.integers(120, len(content), 3):
                content[place] = rng.integers(256)
            (tmp_path / "bad.mat").write_bytes(content)
            for name in ("x", "w"):
                with contextlib.suppress(InputError):
                    assert read_array(f"{tmp_path / 'bad.mat'}:{name}").values.ndim > 0


def test_raw_bytes_as_numpy_writes_types_it_has_no_name_for_are_refused(tmp_path):
    for size in (1, 2):
        np.save(tmp_path / "a.npy", X.astype(np.float32).view(f"V{size}"))
        with pytest.raises(InputError, match=r"holds \|V\d \(bfloat16 and float8 have no name in \.npy\)"):
            read_features(str(tmp_path / "a.npy"))


def test_measures_after_a_plus_are_added(files, capsys):
    names = ["cka", "cka_raw", "cka_debiased", "rsa"]
    for asked in ("+procrustes", "+procrustes,+rsa_tau_a", "+ rsa"):
        _, output = align(capsys, files / "x.npy", files / "y.npz", "--measures", asked, "--json")
        expected = [*names, *re.findall("procrustes|rsa_tau_a", asked)]
        assert list(json.loads(output.out)["matrices"]) == expected


def test_every_measure_is_on_the_page(files):
    page = (Path(__file__).parents[1] / "docs" / "features.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, measure.cost) for name, measure in ALL_MEASURES.items()]


def test_code_in_a_pt_file_is_not_run(files, capsys):
    class Danger:
        def __reduce__(self):
            return (print, ("run",))

    torch.save(Danger(), files / "bad.pt")
    status, output = align(capsys, files / "x.npy", files / "bad.pt")
    assert status == 2
    assert output.err == f"error: {files / 'bad.pt'}: holds more than tensors, and what can run code is not read\n"
    assert output.out == ""


def test_a_bit_of_a_pt_file_that_is_not_as_it_was_is_found(files):
    """PyTorch reads it all the same, as another number."""
    whole = (files / "y.pt").read_bytes()
    place = whole.index(np.ascontiguousarray(Y).tobytes())
    (files / "bad.pt").write_bytes(whole[: place + 4] + bytes([whole[place + 4] ^ 1]) + whole[place + 5 :])
    assert not torch.equal(torch.load(files / "bad.pt"), torch.load(files / "y.pt"))
    with pytest.raises(InputError, match=r"bad.pt: not a readable .pt array: it is damaged in .*data/0"):
        read_features(str(files / "bad.pt"))


def test_a_number_that_rounds_to_zero_has_no_sign(tmp_path, capsys):
    rng = np.random.default_rng(0)  # of which two numbers of this table are a little below zero
    for name, columns in (("x", 8), ("y", 6)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(300, columns)))
    status, output = align(capsys, tmp_path / "x.npy", tmp_path / "y.npy")
    printed = output.out.replace(str(tmp_path), "")  # a folder's own name may hold "-0"
    numbers = re.findall(r"-[0.]+(?![\d.])", printed)
    assert (status, numbers) == (0, [])
