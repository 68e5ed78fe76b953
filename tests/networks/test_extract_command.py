"""`twin-alignment extract`: rows in the order of paths, resumption to the same bytes, and refusals in a sentence."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.networks.conftest import NETWORKS, SIDE, arrays
from twin_alignment.features.feature_files import read_features
from twin_alignment.python_file import run_file

BROKEN = NETWORKS.splitlines().index('    raise RuntimeError("no such thing")') + 1  # line
PREPARED = ("--size", SIDE, "--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25")


@pytest.fixture
def small(file):
    """Reference of a small network, and the network that seed 3 gives."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = run_file(str(file)).small().eval()
    return f"{file}:small", network


def pixels(path):
    """Prepared images: a crop of the whole, as their side is SIDE and the resized side is larger by 256 / 224."""
    from twin_alignment.torchvision_shim import torchvision

    side = round(256 * SIDE / 224)
    resized = torchvision.transforms.functional.resize(Image.open(path), [side], antialias=True)
    first = round((side - SIDE) / 2)
    array = np.asarray(resized)[first : first + SIDE, first : first + SIDE]
    return torch.from_numpy((array / 255 - 0.5) / 0.25).float().permute(2, 0, 1)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_rows_are_images_sorted_by_path_with_their_names(small, few, command, tmp_path, suffix):
    reference, network = small
    out = tmp_path / f"features{suffix}"
    status, output, errors = command(
        "extract", reference, "--seed", 3, "--images", few, "--out", out, "--layers", "0,representation,3", *PREPARED
    )
    assert status in (0, None), errors
    assert "11 rows" in output
    assert not out.with_name(f"{out.name}.parts").exists()
    names = sorted(path.relative_to(few).as_posix() for path in few.rglob("*.png"))
    with torch.no_grad():
        images = torch.stack([pixels(few / name) for name in names])
        expected = {"0": network[0](images).mean((2, 3)), "representation": network[:6](images)}
    for layer, rows in expected.items():
        found = read_features(f"{out}:{layer}")
        assert list(found.row_names) == names
        assert found.note == "rows named by row_names"
        torch.testing.assert_close(found.features, rows, rtol=1e-4, atol=1e-4)
    assert read_features(f"{out}:3").features.shape == (11, 8)


def test_align_reads_the_only_layer_and_joins_rows_by_name(small, few, command, tmp_path):
    reference, _ = small
    command("extract", reference, "--images", few, "--out", tmp_path / "a.npz", *PREPARED)
    rows = arrays(tmp_path / "a.npz")
    order = np.random.default_rng(0).permutation(11)
    shuffled = {name: values[order] for name, values in rows.items()}
    np.savez(tmp_path / "b.npz", **shuffled)
    status, output, _ = command("align", tmp_path / "a.npz", tmp_path / "b.npz")
    assert status in (0, None)
    assert "reordered" in output
    assert "1.0000" in output


def test_layers_are_listed_with_their_shapes(small, command):
    status, output, errors = command("extract", small[0], "--list-layers", *PREPARED)
    assert status in (0, None)
    rows = [line.split() for line in output.splitlines()[2:]]
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4", "6", "representation"]
    assert rows[0][1:] == ["5", "x", "23", "x", "23", "5"]
    assert rows[-1][1:] == ["(read", "by", "6)", "8", "8"]
    assert "ImageNet's defaults" in errors


@pytest.mark.parametrize("suffix", [".npz", pytest.param(".safetensors", marks=pytest.mark.long)])
def test_a_killed_extraction_resumes_to_the_same_bytes(small, few, command, tmp_path, suffix):
    whole, resumed = tmp_path / f"whole{suffix}", tmp_path / f"resumed{suffix}"
    options = ("extract", small[0], "--images", few, "--layers", "all", "--batch-size", 1, *PREPARED)
    command(*options, "--out", whole)
    words = [str(word) for word in (*options, "--out", resumed)]
    code = "import sys; from twin_alignment.cli import main; main(sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.DEVNULL)
    parts = resumed.with_name(f"{resumed.name}.parts")
    while process.poll() is None and not (parts / "000001.safetensors").exists():
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for late in sorted(parts.glob("*.safetensors"))[5:]:  # had it been killed earlier
        late.unlink()
    if not parts.exists():
        pytest.fail("finished before it could be killed")
    _, _, errors = command(*options, "--out", resumed)
    assert "of 11 batches are finished, resumes" in errors
    assert resumed.read_bytes() == whole.read_bytes()


def test_parts_of_other_arguments_are_not_used(small, few, command, tmp_path):
    out = tmp_path / "out.npz"
    options = ("extract", small[0], "--images", few, "--out", out, *PREPARED)
    command(*options)
    expected = out.read_bytes()
    whole = next(few.glob("*.png")).read_bytes()
    changes = {
        "layers": ("--layers", "3"),
        "weights": ("--seed", 5),
        "pooling": ("--pool", "max"),
        "preparation of images": ("--mean", "0.4,0.4,0.4"),
    }
    for name, change in changes.items():
        (few / "zz.png").write_bytes(whole[: len(whole) // 2])  # stops it after five batches
        status, _, errors = command(*options, "--batch-size", 2, *change)
        assert status == 2, errors
        assert "zz.png: cannot be decoded" in errors
        (few / "zz.png").unlink()
        _, _, errors = command(*options)
        (line,) = [line for line in errors.splitlines() if "starts again" in line]
        assert f"{name} and " in line
        assert "batch size" in line
        assert out.read_bytes() == expected


def test_an_unreadable_image_is_named_before_anything_runs_or_left_out(small, few, command, tmp_path):
    (few / "b" / "notes.jpg").write_text("no image")
    options = ("extract", small[0], "--images", few, "--out", tmp_path / "out.npz", *PREPARED)
    status, _, errors = command(*options)
    assert status == 2
    assert errors.count("\n") == 1
    assert f"{few / 'b' / 'notes.jpg'}: cannot be read as an image" in errors
    Image.fromarray(np.full((9, 9), 999, np.uint16)).save(few / "deep.png")
    assert "deep.png" not in command(*options)[2]  # only the first is named
    (few / "b" / "notes.jpg").unlink()
    status, _, errors = command(*options)
    assert f"{few / 'deep.png'}: cannot be read as an image (more than 8 bits a channel)" in errors
    (few / "b" / "notes.jpg").write_text("no image")
    whole = next(few.glob("0*.png")).read_bytes()
    (few / "truncated.png").write_bytes(whole[: len(whole) // 2])
    status, output, errors = command(*options, "--skip-unreadable")
    assert status in (0, None)
    assert "left out, as they cannot be read: b/notes.jpg, deep.png" in errors
    assert f"{few / 'truncated.png'}: cannot be decoded" in errors
    assert "11 rows" in output
    assert "truncated.png" not in arrays(tmp_path / "out.npz")["row_names"]


def test_weights_of_a_file_decide_the_features(small, few, command, tmp_path):
    reference, network = small
    save_file({f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}, tmp_path / "w.safetensors")
    options = ("extract", reference, "--images", few, *PREPARED)
    command(*options, "--seed", 3, "--out", tmp_path / "seeded.npz")
    command(*options, "--weights", tmp_path / "w.safetensors", "--out", tmp_path / "loaded.npz")
    command(*options, "--out", tmp_path / "other.npz")
    seeded, loaded, other = (arrays(tmp_path / f"{name}.npz") for name in ("seeded", "loaded", "other"))
    assert np.array_equal(seeded["representation"], loaded["representation"])
    assert not np.allclose(seeded["representation"], other["representation"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["extract", "resnet18"], "expected timm:NAME, torchvision:NAME or FILE.py:FUNCTION, got 'resnet18'"),
        (["extract", "torchvision:resnet18"], "expected --weights FILE, --pretrained, or --seed N for random weights"),
        (["extract", "torchvision:resnet", "--seed", "0"], "torchvision:resnet: expected one of alexnet"),
        (["extract", "timm:resnet19", "--seed", "0"], "timm:resnet19: expected a name of timm.list_models(), as"),
        (["extract", "missing.py:small"], "there is no file missing.py"),
        (["extract", "FILE:nothing"], "has no function 'nothing'"),
        (["extract", "FILE:not_a_network"], "expected a torch.nn.Module, got int"),
        (["extract", "FILE:broken"], f"line {BROKEN}: RuntimeError: no such thing"),
        (["extract", "FILE:small", "--layers", "7"], "no layer '7'"),
        (["extract", "FILE:small", "--mean", "1,2"], "--mean, --std: expected 1 or 3 numbers"),
        (["extract", "FILE:small", "--mean", "1", "--std", "1"], "fails on an image [1, 1, 224, 224]"),
        (["extract", "FILE:small", "--device", "abacus"], "--device abacus"),
        (["extract", "FILE:small", "--pretrained"], "--pretrained is of timm and torchvision"),
        (["extract", "FILE:small", "--pool", "cls", "--layers", "0"], "0: expected tokens"),
        (["extract", "FILE:small", "--out", "x.csv"], "x.csv: expected an .npz or .safetensors"),
        (["models", "FILE:small", "FILE:Tokens", "--plot", "x.jpg"], "x.jpg: expected a .png"),
        (["models", "FILE:small", "FILE:Tokens", "--intervals", "9", "fc", "--size", "32"], "no layer '9'"),
    ],
)
def test_a_refusal_is_one_sentence(words, sentence, file, few, command, tmp_path):
    out = ["--out", str(tmp_path / "out.npz")] if words[0] == "extract" and "--out" not in words else []
    words = [word.replace("FILE:", f"{file}:") for word in words]
    status, _, errors = command(*words, "--images", few, *out)
    assert status == 2
    assert sentence in errors.splitlines()[-1]


@pytest.mark.parametrize(("folder", "sentence"), [("nothing", "no such folder"), ("empty", "expected images")])
def test_a_folder_without_images_is_refused(folder, sentence, file, command, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, errors = command("extract", f"{file}:small", "--images", tmp_path / folder, "--out", tmp_path / "o.npz")
    assert status == 2
    assert sentence in errors


def test_weights_that_cannot_be_downloaded_are_a_sentence(few, command, tmp_path, monkeypatch):
    import timm

    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", offline)
    status, _, errors = command(
        "extract", "timm:resnet18", "--pretrained", "--images", few, "--out", tmp_path / "o.npz"
    )
    assert status == 2
    assert "--pretrained downloads them, and --weights FILE reads a file (OSError: no network)" in errors
