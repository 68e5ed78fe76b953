"""Wrong input ends in a result or in one sentence with exit status 2: over 10,000 cases."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.numpy import save_file
from scipy.io import savemat

from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.run import Run
from pipeline.datasets.preparation import prepare
from pipeline.reporting.paper_values import read_paper_values
from tests.workflow.conftest import ROOT, TINY
from tests.workflow.faults.fuzz import NASTY, altered_bytes, altered_text, answer, sentence

CASES = 3000
DEFAULT = (ROOT / "params.yaml").read_text(encoding="utf-8")
RUNS = [
    Run(dataset="digits", classes=4, seed=7),
    Run(dataset="my.photos", shared=(), subset_seed=None, lars_exclude="none", max_grad_norm=1.0, encoder="vit_small"),
    Run(dataset="a-b", temperature=1e-05, horizon_epochs=3, learning_rate=1e300, encoder="own.py:build"),
]

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def rng(tmp_path, monkeypatch):
    """Random numbers, in a folder with what settings read, where a stray file would be seen."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "reference").symlink_to(ROOT / "reports" / "reference")
    monkeypatch.chdir(tmp_path)
    yield np.random.default_rng(0)
    assert not (tmp_path / "x").exists()  # of $(touch x)


def test_settings(rng):
    for case in range(CASES):
        text = altered_text(rng, TINY if case % 8 else DEFAULT)
        data = altered_bytes(rng, text.encode(errors="surrogatepass")) if case % 4 == 0 else text.encode()
        Path("mine.yaml").write_bytes(data)
        found = answer("runs", "--params", "mine.yaml")
        assert found.fair, (data, found)


def test_names_of_runs(rng):
    """A name belongs to one run, and gives it back; any other text is refused."""
    taken = 0
    for case in range(CASES):
        name = RUNS[case % len(RUNS)].name
        match rng.integers(3):
            case 0:
                name = altered_text(rng, name).rstrip("\n")
            case 1:
                name = altered_bytes(rng, name.encode()).decode(errors="replace")
            case 2:
                parts = name.split(",")
                parts[int(rng.integers(len(parts)))] = str(rng.choice(NASTY))
                name = ",".join(parts)
        refused = sentence(lambda name=name: Run.from_name(name))
        assert "run name" in refused or Run.from_name(name).name == name, name
        taken += not refused
    assert taken > 0


def test_subjects_of_stages(rng):
    Path("params.yaml").write_text(TINY)
    right = {"subset": "digits/classes=4,seed=0", "twins": RUNS[0].name, "figure": "controls", "prepare": "digits"}
    for case in range(CASES // 4):
        stage = list(right)[case % len(right)]
        subject = str(rng.choice(NASTY)) if case % 3 == 0 else altered_text(rng, right[stage]).rstrip("\n")
        if subject != right[stage]:
            found = answer(stage, subject)
            assert found.fair, (stage, subject, found)


def write_features(folder):
    """Write the same rows in every format; return the files."""
    folder.mkdir()
    rows = np.random.default_rng(4).normal(size=(12, 3))
    np.save(folder / "a.npy", rows)
    np.savez(folder / "a.npz", h=rows)
    np.savez_compressed(folder / "b.npz", h=rows, g=rows)
    save_file({"h": rows.astype(np.float32)}, folder / "a.safetensors")
    torch.save(torch.from_numpy(rows), folder / "a.pt")
    torch.save({"h": torch.from_numpy(rows).bfloat16()}, folder / "b.pt")
    savemat(folder / "a.mat", {"h": rows})
    table = pd.DataFrame(rows, columns=["x", "y", "z"])
    table.to_csv(folder / "a.csv", index=False)
    table.assign(label=["a", "b"] * 6).to_csv(folder / "b.csv")
    table.to_csv(folder / "a.tsv", sep="\t", index=False)
    np.save(folder / "labels.npy", np.repeat([0, 1, 2], 4))
    return sorted(folder.iterdir())


def test_files_of_features(rng, tmp_path):
    files = write_features(tmp_path / "right")
    right = str(tmp_path / "right" / "a.npy")
    for case in range(CASES):
        file = files[case % len(files)]
        bad = tmp_path / f"bad{file.suffix}"
        bad.write_bytes(altered_bytes(rng, file.read_bytes()))
        words = (right, right, "--labels", str(bad)) if file.stem == "labels" else (str(bad), right)
        found = answer("align", *words)
        assert found.fair, (file.name, bad.read_bytes(), found)


def test_published_values(rng):
    text = (ROOT / "reports" / "reference" / "paper_values.csv").read_text()
    part = "\n".join(text.splitlines()[:20]) + "\n"
    file = Path("values.csv")
    for case in range(CASES // 4):
        file.write_bytes(altered_bytes(rng, part.encode()) if case % 2 else altered_text(rng, part).encode())
        refused = sentence(lambda: read_paper_values(file))
        assert not refused or "values.csv" in refused


def test_archives_of_images(rng, tmp_path):
    """Damaged, or with members of any name."""
    Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(tmp_path / "one.png")
    png = (tmp_path / "one.png").read_bytes()
    spec = SourceSettings(source="folder", paths=(str(tmp_path / "set.zip"),))
    for case in range(CASES // 4):
        names = [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("a", "b")]
        if case % 2:
            nasty = str(rng.choice([name for name in NASTY if "\0" not in name]))
            names = [name.replace("/a/", f"/{nasty}/") for name in names]
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for name in names:
                archive.writestr(name, png if case % 3 else altered_bytes(rng, png))
        if case % 2 == 0:
            whole = (tmp_path / "set.zip").read_bytes()
            (tmp_path / "set.zip").write_bytes(altered_bytes(rng, whole))
        refused = sentence(lambda: prepare("toy", spec, tmp_path, tmp_path / "store"))
        assert not refused or "set.zip" in refused or "toy" in refused
        assert not any(".partial" in path.name for path in tmp_path.iterdir())
