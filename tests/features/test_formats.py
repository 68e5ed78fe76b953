"""Binary files of every format: what is read, and what is refused in a sentence."""

import contextlib
import multiprocessing.process
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.lib.format import write_array_header_1_0
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch
from scipy.io import loadmat, savemat
from scipy.sparse import csc_matrix

from twin_alignment.comparison.short_names import short_names
from twin_alignment.errors import InputError
from twin_alignment.features.feature_files import read_array, read_features, read_labels
from twin_alignment.measures.registry import ALL_MEASURES

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 3))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("x.npy", lambda p: np.save(p, X)),
        ("big.npy", lambda p: np.save(p, X.astype(">f8"))),
        ("x.npz", lambda p: np.savez(p, features=X)),
        ("two.npz:train", lambda p: np.savez(p, train=X, test=Y)),
        ("two.mat:train", lambda p: savemat(p, {"train": X, "test": Y})),
        ("x.safetensors", lambda p: save_file({"h": X, "other": Y}, p)),
        ("x.pt", lambda p: torch.save(torch.from_numpy(X), p)),
        ("two.pt:train", lambda p: torch.save({"test": torch.eye(2), "epoch": 3, "train": torch.from_numpy(X)}, p)),
    ],
)
def test_every_format_gives_the_same(tmp_path, name, write):
    write(tmp_path / name.partition(":")[0])
    source = f"{tmp_path / name}:h" if name == "x.safetensors" else str(tmp_path / name)
    assert np.array_equal(read_features(source).features.numpy(), X)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.float16, torch.bfloat16])
def test_short_floats_are_read(tmp_path, dtype):
    save_torch({"h": torch.eye(5, dtype=dtype)}, tmp_path / "short.safetensors")
    torch.save(torch.eye(5, dtype=dtype), tmp_path / "short.pt")
    for name in ("short.safetensors", "short.pt"):
        assert torch.equal(read_features(str(tmp_path / name)).features, torch.eye(5))


def with_changed_bytes(path, start, new):
    content = bytearray(path.read_bytes())
    content[start : start + len(new)] = new
    path.write_bytes(content)


def header_that_lies(path):
    with path.open("wb") as file:
        write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**5)})


def packed(path):
    np.savez_compressed(path, np.arange(10_000.0))
    with_changed_bytes(path, 80, b"\xff" * 50)


def unclosed(path):
    np.save(path, X)
    with_changed_bytes(path, 10, b"{(")


def one_bit(path):
    """PyTorch reads it as another number."""
    torch.save(torch.from_numpy(Y), path)
    start = path.read_bytes().index(np.ascontiguousarray(Y).tobytes()) + 4
    with_changed_bytes(path, start, bytes([path.read_bytes()[start] ^ 1]))
    assert not torch.equal(torch.load(path), torch.from_numpy(Y))


class Danger:
    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("bad.pt", lambda p: torch.save(torch.eye(5).to_sparse(), p), "not a readable .pt array: it is sparse"),
        ("bad.pt", one_bit, "not a readable .pt array: it is damaged in .*data/0"),
        ("bad.pt", lambda p: torch.save(Danger(), p), "holds more than tensors, and what can run code is not read$"),
        ("bad.pth", lambda p: p.write_bytes(b"\x80\x02."), "not a readable .pth array"),
        ("bad.safetensors", lambda p: p.write_bytes(b""), "not a readable .safetensors array"),
        ("bad.mat", lambda p: savemat(p, {"x": csc_matrix(X)}), "not a readable .mat array: it is sparse"),
        ("bad.mat", lambda p: p.write_bytes(b""), "not a readable .mat array"),
        ("bad.npy", header_that_lies, "takes more memory than there is, or is damaged"),
        ("bad.npy", unclosed, "not a readable .npy array"),
        ("bad.npy", lambda p: np.save(p, X.astype(np.float32).view("V2")), r"holds \|V2 \(bfloat16 and float8"),
        ("bad.npz", packed, "not a readable .npz array"),
        ("bad.npz", lambda p: p.write_bytes(b"PK\x03\x04"), "not a readable .npz array"),
        ("bad.npz", lambda p: np.savez(p, train=X, test=Y), "2 arrays; name one as .*, it has: test, train"),
        ("bad.npz:valid", lambda p: np.savez(p, train=X, test=Y), "no array 'valid'"),
        ("bad.pt:w", lambda p: torch.save({"a": {"w": torch.eye(2)}, "b": {"w": torch.eye(2)}}, p), r"2 .* a\.w, b\.w"),
        (
            "bad.pt:a.b.c",
            lambda p: torch.save({"a": {"b.c": torch.eye(2)}, "a.b": {"c": torch.eye(3)}}, p),
            "two tensors have one name",
        ),
        ("bad.txt", lambda p: p.write_text("1 2"), "expected a file of one of the formats .npy"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, capsys, name, write, message):
    write(tmp_path / name.partition(":")[0])
    with pytest.raises(InputError, match=rf"^\S+{name.partition(':')[0]}.*: .*{message}") as refused:
        read_features(str(tmp_path / name))
    assert "\n" not in str(refused.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("held", "name"),
    [
        (lambda t: {"state_dict": {"fc.weight": t}}, "state_dict.fc.weight"),
        (lambda t: {"state_dict": {"module.fc.weight": t, "module.fc.bias": t[0]}, "epoch": 3}, "fc.weight"),
        (lambda t: {"model": {"layers": [{"w": -t}, {"w": t}]}}, "layers.1.w"),
        (lambda t: {"a": {"w": t}, "b": {"w": -t}}, "a.w"),
        (lambda t: {"a": {"b": [t, (-t, {"c": -t})]}, "epoch": 3}, "a.b.0"),
        (lambda t: [t, -t], "0"),
        (lambda t: {"state_dict": {"features": t}}, None),
    ],
)
def test_tensors_in_dictionaries_have_names_joined_by_points(tmp_path, held, name):
    torch.save(held(torch.from_numpy(X)), tmp_path / "a.pt")
    source = str(tmp_path / "a.pt") + (f":{name}" if name else "")
    assert read_features(source).features.numpy() == pytest.approx(X)


@pytest.mark.parametrize("name", ["dense/kernel:0", "a:b:c", ":", "x.npz:y", "h"])
@pytest.mark.parametrize("folder", ["", "run:1", "x.npz:d"])
def test_names_and_folders_may_have_colons(tmp_path, name, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    path = tmp_path / folder / "tf.safetensors"
    save_file({name: X, "other": Y}, path)
    assert read_features(f"{path}:{name}").features.numpy() == pytest.approx(X)
    np.save(tmp_path / folder / "plain:0.npy", X)
    assert read_features(str(tmp_path / folder / "plain:0.npy")).features.numpy() == pytest.approx(X)


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


def test_labels_of_words_in_an_array(tmp_path):
    for words in (["b", "a", "b"], [b"b\xe9", b"a", b"b\xe9"]):
        np.save(tmp_path / "labels.npy", np.array(words))
        assert read_labels(str(tmp_path / "labels.npy"), 3).tolist() == [1, 0, 1]
    np.save(tmp_path / "labels.npy", np.array(["a", "", "b"]))
    with pytest.raises(InputError, match=r"labels\.npy: label 2 is missing"):
        read_labels(str(tmp_path / "labels.npy"), 3)


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
@pytest.mark.parametrize("labels", [np.array([7, 2, 7]), np.array(["dog", "cat", "dog"], dtype=object)])
def test_labels_as_matlab_keeps_them(tmp_path, shape, labels):
    savemat(tmp_path / "labels.mat", {"labels": labels.reshape(shape)})
    found = read_labels(str(tmp_path / "labels.mat"), 3).tolist()
    assert [label == found[0] for label in found] == [True, False, True]


def test_a_cell_array_of_other_things_is_no_labels(tmp_path):
    for cells in ([np.eye(2), "a", "b"], ["a", "", "b"]):
        held = np.empty(3, dtype=object)
        held[:] = cells
        savemat(tmp_path / "labels.mat", {"labels": held[:, None]})
        with pytest.raises(InputError, match=r"labels\.mat: (.*it holds objects|label 2 is missing)"):
            read_labels(str(tmp_path / "labels.mat"), 3)


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
def test_short_names_are_the_shortest_parts_of_paths_that_differ(sources, short):
    assert short_names(sources) == short


def test_every_measure_is_on_the_page():
    page = (Path(__file__).parents[2] / "docs" / "features.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, measure.cost) for name, measure in ALL_MEASURES.items()]
