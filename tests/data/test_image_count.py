"""Training images of a tree are counted from names, as many as `prepare` finds, and no further than is asked."""

import zipfile

import pytest

from pipeline.data.image_count import count_images
from tests.data.test_class_count import NAMES, tree

HIDDEN = ("train/a/._1.png", "train/.b/1.png")


@pytest.mark.parametrize("top", ["", "images/"])
def test_images_of_folders_and_archives(tmp_path, top):
    names = [top + name for name in (*NAMES, *HIDDEN)]
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name in names:
            opened.writestr(name, b"")
    for path in (tree(tmp_path / "folder", *names), archive):
        assert [count_images((str(path),), enough) for enough in (1, 2, 3, 9)] == [1, 2, 3, 3]


def test_trees_are_counted_together(tmp_path):
    first, second = tree(tmp_path / "1", *NAMES), tree(tmp_path / "2", "train/b/9.png", "train/d/1.png")
    assert [count_images((str(first), str(second)), enough) for enough in (4, 5, 9)] == [4, 5, 5]
