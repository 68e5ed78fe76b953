import json
import pickle

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from pipeline.__main__ import main
from pipeline.feature_files import load_array
from tests.alignment import definitions

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
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path


def align(capsys, *arguments):
    status = main(["align", *map(str, arguments)])
    return status, capsys.readouterr()


def test_the_json_has_every_measure_with_interval_and_null(files, capsys):
    status, output = align(capsys, files / "x.npy", files / "y.npz", "--json")
    assert status == 0
    found = json.loads(output.out)
    assert (found["rows"], found["dimensions"]) == (30, [4, 3])
    for name, value in definitions.measures(X, Y).items():
        assert found[name] == pytest.approx(value, abs=1e-10)
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
        assert found[f"{name}_null"] < found[name]
    assert "cdnv" not in found


@pytest.mark.parametrize("second", ["y.csv", "named.csv", "two.npz:test"])
@pytest.mark.parametrize(("first", "digits"), [("x.npy", 1e-9), ("x.safetensors", 1e-5), ("two.npz:train", 1e-9)])
def test_every_format_gives_the_same(files, capsys, first, digits, second):
    _, output = align(capsys, files / first, files / second, "--json")
    expected = definitions.measures(X, Y)
    found = json.loads(output.out)
    assert [found[name] for name in expected] == pytest.approx(list(expected.values()), abs=digits)


def test_labels_add_the_collapse_of_both_files(files, capsys):
    _, output = align(capsys, files / "x.npy", files / "y.npz", "--labels", files / "labels.npy", "--json")
    assert len(json.loads(output.out)["cdnv"]) == len(json.loads(output.out)["directional_cdnv"]) == 2


def test_the_text_says_the_values_and_what_was_assumed(files, capsys):
    _, output = align(capsys, files / "x.npy", files / "y.npz", "--labels", files / "labels.npy")
    for name, value in definitions.measures(X, Y).items():
        assert f"{value:.4f}" in output.out, name
    assert "30 rows, taken to be the same inputs in the same order; 4 and 3 dimensions" in output.out
    assert "directional CDNV" in output.out


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: np.save(p / "bad.npy", X[:-1]), "x.npy has 30 rows and .*bad.npy has 29"),
        (lambda p: np.save(p / "bad.npy", X[:, 0]), r"shape \(30,\), allowed is \[rows, dimensions\]"),
        (lambda p: np.save(p / "bad.npy", X[:0]), r"shape \(0, 4\), allowed"),
        (lambda p: (p / "bad.npy").write_bytes(b""), "not a readable .npy array"),
        (lambda p: np.save(p / "bad.npy", np.array([{}, {}], dtype=object)), "pickled objects are not read"),
        (lambda p: (p / "bad.npy").write_bytes(pickle.dumps(X)), "pickled objects are not read"),
        (lambda p: np.save(p / "bad.npy", X.astype(str)), "allowed is real numbers"),
        (lambda p: np.save(p / "bad.npy", X + 1j), "allowed is real numbers"),
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
        ("bad.csv", "1,2\n3,four\n", "column 1 is not numeric"),
        ("bad.txt", "1 2", "allowed is a .npy"),
        ("bad.safetensors", "nothing", "not a readable .safetensors array"),
    ],
)
def test_bad_files_are_named(tmp_path, capsys, name, content, message):
    (tmp_path / name).write_text(content)
    status, output = align(capsys, tmp_path / name, tmp_path / name)
    assert status == 2
    assert message in output.err


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
        (0 * LABELS, "1 cl"),
    ],
)
def test_labels_that_do_not_fit_are_refused(files, capsys, labels, message):
    np.save(files / "labels.npy", labels)
    status, output = align(capsys, files / "x.npy", files / "y.npz", "--labels", files / "labels.npy")
    assert status == 2
    assert message in output.err


def test_a_csv_without_header_keeps_its_first_row(files):
    assert load_array(str(files / "y.csv")) == pytest.approx(Y)
    assert load_array(str(files / "named.csv")) == pytest.approx(Y)
