"""`twin-alignment align`: values, texts, files that it writes, and refusals in a sentence."""

import itertools
import json
import os
import pickle
import re

import numpy as np
import pandas as pd
import pytest

from tests.measures import definitions
from twin_alignment.comparison.comparison_text import HINT
from twin_alignment.measures.registry import ALL_MEASURES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
Y = X @ RNG.normal(size=(4, 3)) + RNG.normal(size=(30, 3))
LABELS = np.repeat([1, 2, 7], 10)
EXPECTED = definitions.measures(X, Y)


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "y.npz", features=Y)
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path


def test_the_json_has_every_measure_with_interval_and_null(files, command):
    status, output, _ = command("align", files / "x.npy", files / "y.npz", "--json")
    found = json.loads(output)
    (pair,) = found["pairs"]
    assert (status, found["rows"], [file["dimensions"] for file in found["files"]]) == (0, 30, [4, 3])
    for name, value in EXPECTED.items():
        assert pair[name]["value"] == pytest.approx(value, abs=1e-10)
        assert pair[name]["low"] <= pair[name]["value"] <= pair[name]["high"]
        assert pair[name]["null"] < pair[name]["value"]
        assert found["matrices"][name] == [[1.0, pair[name]["value"]], [pair[name]["value"], 1.0]]
    assert found["collapse"] == {}


def test_the_text_says_the_values_and_what_was_assumed(files, command):
    _, output, _ = command("align", files / "x.npy", files / "y.npz", "--labels", files / "labels.npy")
    for name, value in EXPECTED.items():
        assert f"{value:.4f}" in output, name
    assert f"{files / 'x.npy'}: 30 rows, 4 columns\n{files / 'y.npz'}: 30 rows, 3 columns\n" in output
    assert "30 rows, taken to be the same inputs in the same order" in output
    assert "directional CDNV" in output
    assert HINT not in output


def test_values_at_chance_ask_whether_the_rows_are_in_one_order(files, command):
    np.save(files / "mixed.npy", X[np.random.default_rng(1).permutation(30)])
    _, output, _ = command("align", files / "x.npy", files / "y.npz", files / "mixed.npy")
    assert output.count(HINT) == 2
    assert f"{files / 'x.npy'} and {files / 'mixed.npy'}: {HINT}" in output


def test_several_files_are_compared_two_by_two_and_written(files, command):
    np.save(files / "z.npy", X**3)
    sources = [str(files / name) for name in ("x.npy", "y.npz", "z.npy")]
    arrays = dict(zip(sources, (X, Y, X**3), strict=True))
    written = ("--csv", files / "all.csv", "--plot", files / "all.png")
    status, output, _ = command("align", *sources, "--json", *written)
    assert status == 0
    table = pd.read_csv(files / "all.csv").set_index(["first", "second", "measure"])["value"]
    for (i, a), (j, b) in itertools.combinations(enumerate(sources), 2):
        for name, value in definitions.measures(arrays[a], arrays[b]).items():
            matrix = json.loads(output)["matrices"][name]
            assert matrix[i][j] == matrix[j][i] == pytest.approx(value)
            assert table[a, b, name] == pytest.approx(value)
    assert (files / "all.png").read_bytes().startswith(b"\x89PNG")
    assert command("align", *sources)[1].count("z.npy") == 1 + 2 * 4  # as it was read, and in every matrix


@pytest.mark.parametrize("names", [(b"x$_^$.npy", b"bad\xff.npy"), (b"x$_^$.npy", b"bad\xff.npy", b"bad\xfe.npy")])
def test_names_that_are_mathematics_to_matplotlib_or_not_utf8_are_drawn_and_written(tmp_path, command, names):
    sources = [os.fsdecode(os.path.join(os.fsencode(tmp_path), name)) for name in names]
    for number, source in enumerate(sources):
        np.save(source, X ** (2 * number + 1))
    csv, plot = tmp_path / "a.csv", tmp_path / "a.svg"
    status, output, err = command("align", *sources, "--measures", "cka", "--json", "--csv", csv, "--plot", plot)
    assert (status, err) == (0, "")
    printable = [rf"{tmp_path / 'x$_^$.npy'}", rf"{tmp_path}/bad\udcff.npy", rf"{tmp_path}/bad\udcfe.npy"][: len(names)]
    assert [file["file"] for file in json.loads(output)["files"]] == printable
    table = pd.read_csv(csv)
    assert {*table["first"], *table["second"]} == set(printable)
    assert "x$_^$.npy" in plot.read_text()  # as a comment beside the drawn letters


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rsa,mutual_knn", ["rsa", "mutual_knn"]),
        ("+procrustes", ["cka", "cka_raw", "cka_debiased", "rsa", "procrustes"]),
        ("+procrustes,+rsa_tau_a", ["cka", "cka_raw", "cka_debiased", "rsa", "procrustes", "rsa_tau_a"]),
        ("+ rsa", ["cka", "cka_raw", "cka_debiased", "rsa"]),
        ("all", list(ALL_MEASURES)),
    ],
)
def test_measures_are_chosen_by_name(files, command, text, names):
    plot = files / "p.pdf"
    _, output, err = command("align", files / "x.npy", files / "y.npz", "--measures", text, "--json", "--plot", plot)
    (pair,) = json.loads(output)["pairs"]
    assert [*pair] == ["first", "second", *names]
    if "mutual_knn" in names:
        assert (pair["mutual_knn"]["null"], pair["mutual_knn"]["null_sd"]) == (pytest.approx(10 / 29), None)
        assert f"mutual_knn, {files / 'x.npy'} and {files / 'y.npz'}" in err  # its progress


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.npy"], "x.npy: expected two files or more, got 1"),
        (["x.npy", "y.npz", "x.npy"], "x.npy: given twice"),
        (["x.npy", "y.npz", "--plot", "a.txt"], "a.txt: expected a .png, .pdf or .svg"),
        (["x.npy", "y.npz", "--plot", "none/a.png"], "none/a.png: none is no folder to write it into"),
        (["x.npy", "y.npz", "--measures", "rsa,pwcca"], "measure 'pwcca': expected all, or some of cka"),
        (["x.npy", "y.npz", "--csv", "x.npy"], "x.npy: is read, and would be overwritten: expected another name"),
        (["x.npy", "y.npz:features", "--csv", "./y.npz"], "y.npz: is read, and would be overwritten"),
        (["x.npy", "y.npz", "--labels", "labels.npy", "--csv", "labels.npy"], "labels.npy: is read, and would be"),
        (["x.npy", "y.npz", "--csv", "/dev/full"], "/dev/full: no space left on device|error: no space left on device"),
    ],
)
def test_what_cannot_be_compared_or_written_is_refused(files, command, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    before = {path: path.read_bytes() for path in files.iterdir()}
    status, output, err = command("align", *arguments)
    assert (status, output, err.count("\n")) == (2, "", 1)
    assert re.search(message, err)
    assert {path: path.read_bytes() for path in files.iterdir()} == before


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: np.save(p, X[:-1]), "x.npy has 30 rows and .*bad.npy has 29"),
        (lambda p: np.save(p, X[:, 0]), r"shape \(30,\), expected \[rows, dimensions\]"),
        (lambda p: np.save(p, X[:0]), r"shape \(0, 4\), expected"),
        (lambda p: p.write_bytes(b""), "not a readable .npy array"),
        (lambda p: np.save(p, np.array([{}, {}], dtype=object)), "pickled objects are not read"),
        (lambda p: p.write_bytes(pickle.dumps(X)), "pickled objects are not read"),
        (lambda p: np.save(p, X.astype(str)), "expected real numbers"),
        (lambda p: np.save(p, X + 1j), "expected real numbers"),
        (lambda p: np.save(p, np.where(X > 2, np.nan, X)), "is zero or not finite"),
        (lambda p: np.save(p, np.ones_like(X)), "bad.npy: all similarities are equal"),
        (lambda p: None, "bad.npy: no such file"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(files, command, write, message):
    write(files / "bad.npy")
    status, output, err = command("align", files / "x.npy", files / "bad.npy", "--json")
    assert (status, output, err.count("\n")) == (2, "", 1)
    assert re.match(f"error: .*{message}", err)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[:-1], "one label for each of the 30 rows"),
        (LABELS + 0.5, "not whole numbers"),
        (LABELS * 1e30, "not whole numbers"),
        (0 * LABELS, "1 classes, expected at least 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(files, command, labels, message):
    np.save(files / "labels.npy", labels)
    status, _, err = command("align", files / "x.npy", files / "y.npz", "--labels", files / "labels.npy")
    assert status == 2
    assert message in err


def test_pictures_and_matrices_have_short_names(tmp_path, command):
    sources = [tmp_path / run / "features.npy" for run in ("first", "second", "third")]
    for power, source in enumerate(sources):
        source.parent.mkdir()
        np.save(source, X ** (2 * power + 1))
    _, output, _ = command("align", *sources, "--plot", tmp_path / "a.svg", "--measures", "cka,drift,rho")
    assert re.search(r"\n +first +second +third\n", output)
    drawn = (tmp_path / "a.svg").read_text()
    assert all(re.search(rf"<!-- {run} +\d -->", drawn) for run in ("first", "second", "third"))
    assert "features.npy" not in drawn
    matrices = json.loads(command("align", *sources, "--json", "--measures", "drift,rho")[1])["matrices"]
    assert matrices["drift"][0][0] == 0.0
    assert matrices["drift"][1][0] == matrices["drift"][0][1]
    assert (matrices["rho"][0][1] > 0, matrices["rho"][1][0]) == (True, None)


def test_a_number_that_rounds_to_zero_has_no_sign(tmp_path, command):
    rng = np.random.default_rng(0)  # of which two numbers of this table are a little below zero
    for name, columns in (("x", 8), ("y", 6)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(300, columns)))
    status, output, _ = command("align", tmp_path / "x.npy", tmp_path / "y.npy")
    numbers = re.findall(r"-[0.]+(?![\d.])", output.replace(str(tmp_path), ""))
    assert (status, numbers) == (0, [])


def test_the_command_says_how_rows_were_joined(tmp_path, command):
    table = pd.DataFrame(X).assign(no=range(30))
    table.to_csv(tmp_path / "a.csv", index=False)
    table.sample(frac=1, random_state=0).to_csv(tmp_path / "b.csv", index=False)
    arguments = ("align", tmp_path / "a.csv", tmp_path / "b.csv", "--key", "no")
    status, output, _ = command(*arguments)
    assert (status, "rows named by column no" in output) == (0, True)
    assert "b.csv: reordered" in output
    assert "30 rows, matched as said above" in output
    assert "reordered" in json.loads(command(*arguments, "--json")[1])["joined"][0]
