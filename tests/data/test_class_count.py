"""Classes of a tree are counted from names, as many as `prepare` finds."""

import zipfile
from pathlib import Path

import pytest

from pipeline.data.class_count import count_classes
from pipeline.data.class_folders import read_folders
from pipeline.settings.base import SettingsError


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


NAMES = ("train/a/1.png", "train/b/1.JPG", "train/b/2.png", "test/c/1.png", "train/none/readme.txt")


@pytest.mark.parametrize("top", ["", "images/"])
def test_folders_under_train_that_hold_an_image(tmp_path, top):
    folder = tree(tmp_path / "folder", *(top + name for name in NAMES))
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name in NAMES:
            opened.writestr(top + name, b"")
    assert count_classes((str(folder),), "datasets.x") == 2
    assert count_classes((str(archive),), "datasets.x") == 2


@pytest.mark.parametrize("top", ["", "images/"])
def test_a_run_s_name_has_as_many_classes_as_its_images(tmp_path, top):
    """Whatever else a system, a notebook or a person leaves between them."""
    left = (
        "train/.hidden/1.png",
        "train/hollow/._1.png",
        "train/deep/er/1.png",
        "train/beside.png",
        ".cache/train/x/1.png",
    )
    classes = [f"{split}/{label}/1.png" for split in ("train", "test") for label in "ab"]
    folder = tree(tmp_path / "folder", *(top + name for name in (*classes, *left)))
    (folder / top / "train" / "empty").mkdir()
    read = read_folders([folder], size=None, mode="RGB")
    assert count_classes((str(folder),), "datasets.x") == len(read.class_names) == 2


def test_trees_are_counted_together(tmp_path):
    first, second = tree(tmp_path / "1", *NAMES), tree(tmp_path / "2", "train/b/9.png", "train/d/1.png")
    assert count_classes((str(first), str(second)), "datasets.x") == 3


def test_what_is_not_there_or_too_little_is_said_with_its_setting(tmp_path):
    with pytest.raises(SettingsError, match=r"datasets\.x\.paths: .*nowhere is not there; without it `classes` has to"):
        count_classes((str(tmp_path / "nowhere"),), "datasets.x")
    with pytest.raises(SettingsError, match=r"datasets\.x\.paths: .*: 1 classes with images in train/<class>/"):
        count_classes((str(tree(tmp_path / "one", "train/a/1.png")),), "datasets.x")
