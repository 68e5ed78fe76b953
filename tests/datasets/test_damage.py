"""What is wrong with images or a store is said early, and in words."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets import decode
from pipeline.datasets.preparation import prepare
from pipeline.datasets.store import load_store


def draw(folder, names, size=(6, 5)):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*size, 3), len(name), np.uint8)).save(path)


@pytest.fixture
def tree(tmp_path):
    draw(
        tmp_path / "tree", [f"{split}/{label}/{n}.png" for split in ("train", "test") for label in "ab" for n in "012"]
    )
    return tmp_path / "tree"


def make(tree, out):
    return prepare("toy", SourceSettings(source="folder", paths=(str(tree),)), tree / "none", out)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_first_image_of_another_size_is_named(tree, tmp_path, split):
    draw(tree, [f"{split}/b/1.png"], (7, 5))
    with pytest.raises(SettingsError, match=rf"{split}/b/1.png: is 5 x 7 pixels, .*{split}/a/0.png is 5 x 6: .*`size`"):
        make(tree, tmp_path / "store")


def test_a_class_without_training_images_is_found_before_any_is_decoded(tree, tmp_path, monkeypatch):
    draw(tree, ["test/c/0.png"])
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(SettingsError, match="tree: class 'c' has no training image"):
        make(tree, tmp_path / "store")


DAMAGE = {
    "half a manifest": lambda store: (store / "manifest.json").write_text('{"format": 3'),
    "no manifest": lambda store: (store / "manifest.json").write_text("[]"),
    "keys missing": lambda store: (store / "manifest.json").write_text('{"format": 3}'),
    "keys unknown": lambda store: (store / "manifest.json").write_text(
        (store / "manifest.json").read_text().replace("shape", "form")
    ),
    "no images": lambda store: (store / "train_images.npy").unlink(),
    "half the images": lambda store: os.truncate(store / "train_images.npy", 200),
    "no labels": lambda store: os.truncate(store / "test_labels.npy", 0),
    "fewer labels": lambda store: np.save(store / "test_labels.npy", np.zeros(5, np.int64)),
    "other images": lambda store: np.save(store / "test_images.npy", np.zeros((6, 3, 5, 6), np.uint8)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_store_is_named(tree, tmp_path, name):
    make(tree, tmp_path / "store")
    load_store(tmp_path / "store")
    DAMAGE[name](tmp_path / "store")
    with pytest.raises(SettingsError, match=r"store: this store is damaged \(.*\); prepare the dataset again"):
        load_store(tmp_path / "store")


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.store import write_store
import numpy as np

def images():
    yield np.zeros((4, 4), np.uint8), 0
    os.kill(os.getpid(), signal.SIGKILL)

write_store(Path(sys.argv[1]), "toy", SourceImages(("a",), SourceSplit(9, images()), None))
"""


def test_a_killed_process_leaves_nothing_that_the_next_does_not_clear(tree, tmp_path):
    out = tmp_path / "stores" / "toy"
    root = Path(decode.__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED, out], cwd=root, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(out.parent.iterdir())) == 1
    assert not out.exists()
    make(tree, out)
    assert list(out.parent.iterdir()) == [out]
