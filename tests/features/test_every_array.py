"""All arrays of a file by FILE:*, and tokens and maps that are pooled to rows."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from scipy.io import savemat

import twin_alignment as ta
from tests.library.conftest import command  # noqa: F401  (a fixture)
from twin_alignment.errors import InputError

RNG = np.random.default_rng(0)
ARRAYS = {"a": RNG.normal(size=(30, 4)), "b": RNG.normal(size=(30, 3)), "c": RNG.normal(size=(30, 5))}
TOKENS = RNG.normal(size=(30, 6, 4))
MAPS = RNG.normal(size=(30, 4, 7, 7))


def hdf5(path):
    with pytest.importorskip("h5py").File(path, "w") as file:
        for name, values in ARRAYS.items():
            file[name] = values


def parquet(path):
    arrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(
        arrow.table({name: list(values) for name, values in ARRAYS.items()} | {"no": range(30)}), path
    )


WRITERS = {
    "npz": lambda path: np.savez(path, **ARRAYS, row_names=np.arange(30).astype(str)),
    "safetensors": lambda path: save_file(ARRAYS, path),
    "mat": lambda path: savemat(path, ARRAYS),
    "old.mat": lambda path: savemat(path, ARRAYS, format="4"),
    "pt": lambda path: torch.save({name: torch.from_numpy(values) for name, values in ARRAYS.items()}, path),
    "h5": hdf5,
    "parquet": parquet,
}


@pytest.mark.parametrize("form", WRITERS)
def test_every_array_of_a_file_is_one_side_under_its_name(tmp_path, form):
    path = tmp_path / f"x.{form}"
    WRITERS[form](path)
    expected = ta.compare_many(ARRAYS)
    found = ta.compare_files([f"{path}:*"])
    assert found.names == list("abc")
    assert np.allclose(found.matrix("cka"), expected.matrix("cka"), atol=1e-12)
    read = ta.read_all_features(path)
    assert np.allclose(ta.compare_many(read).matrix("rsa"), expected.matrix("rsa"), atol=1e-12)


def test_names_that_two_files_share_are_those_of_the_files(tmp_path):
    for name in ("x.npz", "y.npz"):
        np.savez(tmp_path / name, h=ARRAYS["a"], **({"g": ARRAYS["b"]} if name == "x.npz" else {}))
    found = ta.compare_files([tmp_path / "x.npz:*", tmp_path / "y.npz:*"], measures=["cka"])
    assert found.names == [f"{tmp_path}/x.npz:h", "g", f"{tmp_path}/y.npz:h"]


@pytest.mark.parametrize(
    ("write", "source", "message"),
    [
        (
            lambda p: torch.save(torch.eye(5), p),
            "a.pt:*",
            r"a\.pt: holds no arrays with names, expected \S+a\.pt in",
        ),
        (lambda p: np.savez(p, h=np.eye(5)), "a.npz:*", r"a\.npz:h: expected two files or more, got 1"),
        (lambda p: np.savez(p, h=np.eye(5), l=np.arange(5)), "a.npz:*", r"a\.npz:l: shape \(5,\), expected \[rows"),
        (lambda p: np.savez(p, h=np.eye(5), g=np.eye(4)), "a.npz:*", "h has 5 rows and g has 4: expected features of"),
        (lambda p: p.write_bytes(b"PK\x03\x04"), "a.npz:*", r"a\.npz: not a readable \.npz array"),
        (lambda p: None, "a.npz:*", r"a\.npz: no such file"),
    ],
)
def test_arrays_that_are_no_features_are_refused(tmp_path, write, source, message):
    write(tmp_path / source[:-2])
    with pytest.raises(InputError, match=message):
        ta.compare_files([tmp_path / source])


@pytest.mark.parametrize(
    ("values", "how", "expected", "note"),
    [
        (TOKENS, "mean", TOKENS.mean(1), "mean over axis 1 of [30, 6, 4]"),
        (TOKENS, "max", TOKENS.max(1), "max over axis 1 of [30, 6, 4]"),
        (TOKENS, "cls", TOKENS[:, 0], "the first token of [30, 6, 4]"),
        (TOKENS, "flatten", TOKENS.reshape(30, -1), "flatten of all positions of [30, 6, 4]"),
        (MAPS, "mean", MAPS.mean((2, 3)), "mean over axis 2 and axis 3 of [30, 4, 7, 7]"),
        (MAPS.transpose(0, 2, 3, 1), "max", MAPS.max((2, 3)), "max over axis 1 and axis 2 of [30, 7, 7, 4]"),
        (MAPS, "flatten", MAPS.reshape(30, -1), "flatten of all positions of [30, 4, 7, 7]"),
        (ARRAYS["a"], "mean", ARRAYS["a"], ""),
    ],
)
def test_tokens_and_maps_are_pooled_to_rows(tmp_path, values, how, expected, note):
    np.save(tmp_path / "a.npy", values)
    found = ta.read_features(tmp_path / "a.npy", pool=how)
    assert found.features.numpy() == pytest.approx(expected, abs=1e-12)
    assert (found.note, found.features.dtype) == (note, torch.float64)
    np.save(tmp_path / "a.npy", values.astype(np.float16))
    assert ta.read_features(tmp_path / "a.npy", pool=how).features.numpy() == pytest.approx(
        expected, abs=0.01, rel=0.01
    )


@pytest.mark.parametrize(
    ("values", "how", "message"),
    [
        (
            TOKENS,
            None,
            r"shape \(30, 6, 4\), expected \[rows, dimensions\] .*, or --pool mean or max or cls or fl",
        ),
        (MAPS, "cls", r"expected tokens \[B, tokens, d\] for a class token, got \(30, 4, 7, 7\)"),
        (TOKENS[:, 0, 0], "mean", r"shape \(30,\), expected \[rows, dimensions\]"),
        (TOKENS[:, :0], "max", r"shape \(30, 0, 4\), expected"),
        (TOKENS, "sum", "pool: expected one of mean, max, cls, flatten, got 'sum'"),
    ],
)
def test_what_cannot_be_pooled_is_refused(tmp_path, values, how, message):
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match=message):
        ta.read_features(tmp_path / "a.npy", pool=how)


def test_the_command_pools_and_compares_every_array(tmp_path, command):  # noqa: F811
    np.savez(tmp_path / "x.npz", tokens=TOKENS, maps=MAPS, rows=ARRAYS["a"])
    status, output, _ = command("align", f"{tmp_path / 'x.npz'}:*", "--pool", "mean", "--measures", "cka", "--json")
    expected = ta.compare_many({"tokens": TOKENS.mean(1), "maps": MAPS.mean((2, 3)), "rows": ARRAYS["a"]})
    found = json.loads(output)
    assert (status, [file["file"] for file in found["files"]]) == (0, ["tokens", "maps", "rows"])
    assert np.allclose(found["matrices"]["cka"], expected.matrix("cka"), atol=1e-12)
    assert found["files"][0]["read"] == "mean over axis 1 of [30, 6, 4]"
