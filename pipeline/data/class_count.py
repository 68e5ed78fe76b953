"""How many classes a tree of image files has, from names alone: a run's name says it before anything is prepared."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pipeline.data.trees import list_tree
from pipeline.settings.base import SettingsError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")  # of images


@cache
def count_classes(trees: tuple[str, ...], where: str) -> int:
    """Folders under `train/` that hold an image, of all trees together; no image is read.

    Raises SettingsError that names `where` for a tree that is not there, and for fewer than two classes.
    """
    found = set()
    for tree in map(Path, trees):
        if not tree.exists():
            raise SettingsError(
                f"{where}.paths: {tree} is not there; without it `classes` has to say how many there are"
            )
        found |= set(_of_folder(tree) if tree.is_dir() else (label for label, _ in train_members(tree)))
    if len(found) < 2:
        listed = ", ".join(trees) or "nothing"
        raise SettingsError(
            f"{where}.paths: {listed}: {len(found)} classes with images in train/<class>/, at least 2 are needed"
        )
    return len(found)


def _of_folder(tree: Path) -> Iterable[str]:
    for train in train_folders(tree):
        for label in train.glob("[!.]*"):
            if any(file.suffix.lower() in SUFFIXES for file in label.glob("[!.]*")):
                yield label.name


def train_folders(tree: Path) -> tuple[Path, ...]:
    """Where a folder's training images may lie, as `train/<class>/`: in it, or in a folder of it."""
    return (tree / "train", *tree.glob("[!.]*/train"))


def train_members(archive: Path) -> Iterable[tuple[str, str]]:
    """(class, file name) of an archive's training images."""
    for file in list_tree(archive):
        if file.path.suffix.lower() in SUFFIXES:
            match file.path.parts:
                case ("train", label, name) | (_, "train", label, name):
                    yield label, name
