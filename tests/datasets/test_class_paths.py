"""Classes and images of a tree are counted from names, as many as `prepare` finds, and no further than is asked."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from pipeline.config.base import SettingsError
from pipeline.datasets.class_folders import find_images
from pipeline.datasets.class_paths import count_classes, count_images, drawn_split


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


NAMES = ("train/a/1.png", "train/b/1.JPG", "train/b/2.png", "test/c/1.png", "train/none/readme.txt")
HIDDEN = ("train/a/._1.png", "train/.b/1.png")


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for name in names:
            opened.writestr(name, b"")
    return path


@pytest.mark.parametrize("top", ["", "images/"])
def test_folders_under_train_that_hold_an_image(tmp_path, top):
    folder = tree(tmp_path / "folder", *(top + name for name in NAMES))
    archive = zipped(tmp_path / "all.zip", *(top + name for name in NAMES))
    assert count_classes((str(folder),), None, "datasets.x") == 2
    assert count_classes((str(archive),), None, "datasets.x") == 2


def test_a_class_that_is_called_as_a_split_is_a_class(tmp_path):
    """As in CIFAR-100, whose test images lie in an archive of their own: `test/train/*` are trains."""
    train = zipped(tmp_path / "train.zip", *(f"train/{label}/1.png" for label in ("apple", "train", "wolf")))
    test = zipped(tmp_path / "test.zip", *(f"test/{label}/1.png" for label in ("apple", "train", "wolf")))
    found = find_images([train, test])
    assert found.class_names == ("apple", "train", "wolf")
    assert found.train.labels == found.test.labels == [0, 1, 2]
    assert count_classes((str(train), str(test)), None, "datasets.x") == 3
    below = tree(tmp_path / "whole", "train/train/apple/1.png", "train/test/apple/1.png", "train/notes/1.png")
    assert find_images([below]).class_names == ("apple",)  # a folder `train` that holds the whole set


@pytest.mark.parametrize("top", ["", "images/"])
def test_images_of_folders_and_archives(tmp_path, top):
    names = [top + name for name in (*NAMES, *HIDDEN)]
    for path in (tree(tmp_path / "folder", *names), zipped(tmp_path / "all.zip", *names)):
        assert [count_images((str(path),), None, enough) for enough in (1, 2, 3, 9)] == [1, 2, 3, 3]


@pytest.mark.parametrize("top", ["", "images/"])
def test_a_run_s_name_has_as_many_classes_as_its_images(tmp_path, top):
    """Whatever else a system, a notebook or a person leaves between them."""
    left = (
        "train/.hidden/1.png",
        "train/hollow/._1.png",
        "train/beside.png",
        ".cache/train/x/1.png",
    )
    classes = [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("a", "deep/er")]
    folder = tree(tmp_path / "folder", *(top + name for name in (*classes, *left)))
    (folder / top / "train" / "empty").mkdir()
    (folder / top / "train" / "deep" / "loop").symlink_to(folder)
    assert count_classes((str(folder),), None, "datasets.x") == len(find_images([folder]).class_names) == 2


SCHEMES = {
    "train above": (["train/train/a/1.png", "train/train/b/1.png", "train/test/a/1.png", "train/test/b/1.png"], None),
    "classes called as splits": (
        [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("train", "test", "val")],
        None,
    ),
    "another folder beside": ([*(f"{s}/{c}/1.png" for s in ("train", "val") for c in "ab"), "old/train/z/1.png"], None),
    "empty twin": ([*(f"x/{s}/{c}/1.png" for s in ("train", "val") for c in "ab"), "logs/train/z/1.txt"], None),
    "no split": ([f"{label}/{number}.png" for label in "abc" for number in range(9)], 0.4),
    "no split, deeper": ([f"{label}/{side}/{n}.png" for label in "ab" for side in "lr" for n in range(9)], 0.4),
    "no split, one above": ([f"pets/{label}/{number}.png" for label in "abc" for number in range(9)], 0.4),
    "train alone": ([f"train/{label}/{number}.png" for label in "abc" for number in range(9)], 0.4),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_names_are_read_in_one_way_by_all(tmp_path, name):
    names, share = SCHEMES[name]
    folder, archive = tree(tmp_path / "folder", *names), zipped(tmp_path / "all.zip", *names)
    found = [find_images([path], test_share=share) for path in (folder, archive)]
    assert found[0].class_names == found[1].class_names
    assert [[f.inside for f in one.train.files] for one in found] == [[f.inside for f in found[0].train.files]] * 2
    for path in (folder, archive):
        assert count_classes((str(path),), share, "datasets.x") == len(found[0].class_names) > 1
        assert count_images((str(path),), share, 99) == len(found[0].train.files)


def test_a_drawn_split_is_that_of_the_digest_and_stays_when_images_are_added(tmp_path):
    """Bytes of SHA-256 of the name as a fraction of 1, below the share: for testing."""
    names = [f"{label}/{number}.png" for label in ("cat", "caf\u00e9") for number in range(200)]
    found = find_images([tree(tmp_path / "few", *names)], test_share=0.2)
    tested = {file.inside for file in found.test.files}
    digests = {name: int(hashlib.sha256(name.encode()).hexdigest()[:16], 16) / 16**16 for name in names}
    assert tested == {name for name, fraction in digests.items() if fraction < 0.2}
    assert abs(len(tested) / 400 - 0.2) < 0.06
    more = find_images([tree(tmp_path / "few", "cat/new.png", *(f"dog/{n}.png" for n in range(30)))], test_share=0.2)
    assert {f.inside for f in more.test.files if f.inside in digests} == tested
    assert drawn_split(("cafe\u0301", "1.png"), 0.2) == drawn_split(("caf\u00e9", "1.png"), 0.2)


def test_a_share_beside_a_split_is_refused(tmp_path):
    path = tree(tmp_path / "set", "train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png")
    with pytest.raises(
        SettingsError, match=r"set: test_share = 0\.2: expected <class>/\*, got train/ and its test images"
    ):
        find_images([path], test_share=0.2)


def test_trees_are_counted_together(tmp_path):
    first, second = tree(tmp_path / "1", *NAMES), tree(tmp_path / "2", "train/b/9.png", "train/d/1.png")
    assert count_classes((str(first), str(second)), None, "datasets.x") == 3
    assert [count_images((str(first), str(second)), None, enough) for enough in (4, 5, 9)] == [4, 5, 5]


def test_what_is_not_there_or_too_little_is_said_with_its_setting(tmp_path):
    with pytest.raises(SettingsError, match=r"datasets\.x\.paths: .*nowhere is not there; without it `classes` has to"):
        count_classes((str(tmp_path / "nowhere"),), None, "datasets.x")
    with pytest.raises(SettingsError, match=r"datasets\.x\.paths: .*: 1 classes with images in train/<class>/"):
        count_classes((str(tree(tmp_path / "one", "train/a/1.png")),), None, "datasets.x")
