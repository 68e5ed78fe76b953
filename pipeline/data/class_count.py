"""How many classes and images a tree of image files has, from names alone: a run's name says its classes, and its
batch is not larger than its images, before anything is prepared."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
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
        found |= set(_of_folder(tree) if tree.is_dir() else _of_archive(tree))
    if len(found) < 2:
        listed = ", ".join(trees) or "nothing"
        raise SettingsError(
            f"{where}.paths: {listed}: {len(found)} classes with images in train/<class>/, at least 2 are needed"
        )
    return len(found)


@cache
def count_images(trees: tuple[str, ...], enough: int) -> int:
    """Training images of all trees together, counted no further than `enough`: of millions that could take minutes."""
    labels = (label for tree in map(Path, trees) for label in (_of_images if tree.is_dir() else _of_archive)(tree))
    return sum(1 for _ in islice(labels, enough))


def _of_folder(tree: Path) -> Iterable[str]:
    return (folder.name for folder in _class_folders(tree) if next(_images(folder), None))


def _of_images(tree: Path) -> Iterable[str]:
    return (folder.name for folder in _class_folders(tree) for _ in _images(folder))


def _images(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))


def _class_folders(tree: Path) -> Iterator[Path]:
    below = [tree, *sorted(path for path in tree.iterdir() if path.is_dir() and not path.name.startswith("."))]
    for folder in (path / "train" for path in below):
        if folder.is_dir():
            for label in folder.iterdir():
                if label.is_dir() and not label.name.startswith("."):
                    yield label


def _of_archive(tree: Path) -> Iterable[str]:
    for file in list_tree(tree):
        if file.path.suffix.lower() in SUFFIXES:
            match file.path.parts:
                case ("train", label, _) | (_, "train", label, _):
                    yield label
