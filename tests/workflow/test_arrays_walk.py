"""From a .npz to Table 1 as a user walks: two files, and commands of `python -m pipeline`."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestCentroid

from pipeline.cli.app import main
from pipeline.config.params import read_params
from pipeline.jobs import code
from pipeline.planning.expansion import plan
from tests.docs.pages import ROOT, Page
from tests.workflow.conftest import LAYOUT

SPLITS = ("train", "test")
TRAINING = {"width": 32, "projection": 8, "epochs": 2, "warmup_epochs": 1}  # smaller than on the page


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A folder with the two files of docs/arrays.md, and all numbers that Table 1 needs."""
    folder = tmp_path_factory.mktemp("walk")
    page = Page(ROOT / "docs" / "arrays.md")
    (settings,) = (text for text in page.blocks("yaml") if text.startswith("# params.yaml"))
    (views,) = (text for text in page.blocks("python") if text.startswith("# views.py"))
    assert len(f"{settings}{views}".splitlines()) <= 40
    for name, value in TRAINING.items():
        before = next(line for line in settings.splitlines() if line.strip().startswith(f"{name}:"))
        settings = settings.replace(before, f"{before.partition(':')[0]}: {value}")
    settings = settings.replace("seed: [0, 1, 2, 3]", "seed: 0")
    (folder / "params.yaml").write_text(settings)
    (folder / "views.py").write_text(views)
    digits = load_digits()
    np.savez(folder / "rows.npz", X=digits.data[:400], y=digits.target[:400])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        planned = plan(read_params(Path("params.yaml")))
        (run,) = planned.requests
        commands = [("prepare", run.dataset), ("subset", run.subset), ("twins", run.name), ("measure", run.name)]
        for command in (*commands, ("baselines", run.subset), ("table1",)):
            assert main(list(command)) == 0, command
    return folder, run


def test_table_1_has_every_twin_and_both_baselines(walk):
    folder, _ = walk
    table = pd.read_csv(folder / "reports" / "table1.csv").query("dataset == 'rows'")
    accuracy = table[table["probe"].isin(["nccc", "lp"])].pivot(index="objective", columns="probe", values="mean")
    objectives = read_params(folder / "params.yaml").experiments["table1"].objectives
    assert set(accuracy.index) == {"raw_pixels", "untrained", *objectives}
    assert accuracy.notna().all(axis=None)
    assert (accuracy > 30).all(axis=None)  # ten classes: chance is 10


def test_the_baseline_is_of_the_rows_as_they_are(walk):
    """By scikit-learn, on the file's own numbers."""
    folder, _ = walk
    store = folder / LAYOUT.results / "data" / "rows" / "images"
    parts = {split: [np.load(store / f"{split}_{kind}.npy") for kind in ("images", "labels")] for split in SPLITS}
    rows = np.concatenate([parts["train"][0], parts["test"][0]])
    expected = np.load(folder / "rows.npz")["X"].astype(np.float32)
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], expected[np.lexsort(expected.T)])
    assert len(parts["test"][0]) == pytest.approx(0.2 * len(rows), abs=5)
    (file,) = folder.glob("results/measures/baselines/rows/*/baselines.csv")
    accuracy = pd.read_csv(file).set_index("probe")["accuracy"]["nccc"]
    assert accuracy == pytest.approx(100 * NearestCentroid().fit(*parts["train"]).score(*parts["test"]))


@pytest.mark.parametrize(
    ("file", "stale"), [("views.py", "twins"), ("rows.npz", "prepare"), ("params.yaml", "twins"), (None, "")]
)
def test_a_change_of_the_files_is_seen(walk, monkeypatch, capsys, file, stale):
    folder, _ = walk
    monkeypatch.chdir(folder)
    before = (folder / file).read_bytes() if file else b""
    if file == "rows.npz":
        arrays = np.load(file)
        np.savez(file, X=arrays["X"] + 1, y=arrays["y"])
    elif file == "views.py":
        (folder / file).write_bytes(before.replace(b"batch)", b"batch + 0)"))
    elif file:
        (folder / file).write_bytes(before.replace(b"probability: 0.", b"probability: 0.1"))
    try:
        for cached in (code.file_identity, code._tree, code._imports, code._identity):  # a command is a process
            cached.cache_clear()
        found = main(["verify"])
        printed = "".join(capsys.readouterr())
        assert (found == 0) == (file is None), printed
        if file:
            assert any(line.startswith(stale) or f" {stale} " in line for line in printed.splitlines()), printed
    finally:
        if file:
            (folder / file).write_bytes(before)
