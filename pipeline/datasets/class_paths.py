"""Which class and which split an image file is of: by its path alone, so that a run's name, and whether a batch is
possible, are known before anything is prepared."""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.datasets.trees import is_hidden, list_tree, walk

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")  # torchvision's ImageFolder's
SPLITS = ("train", "test", "val")

Parts = tuple[str, ...]  # of a path


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image belongs: `<split>/<class>/...`, in whatever folders below its class."""

    split: str
    label: str
    below: Parts


@dataclass(frozen=True)
class Scheme:
    """How the paths of a tree are read: below the folder `top` they begin with a split or, where a share of each class
    is for testing, with a class."""

    top: Parts
    test_share: float | None

    def place(self, parts: Parts) -> Place | None:
        """Of an image's path; none where it lies outside of all classes."""
        inside = parts[len(self.top) :]
        if parts[: len(self.top)] != self.top:
            return None
        if self.test_share is not None and len(inside) >= 2:
            label, *below = inside
            return Place(drawn_split(inside, self.test_share), label, tuple(below))
        if self.test_share is None and len(inside) >= 3 and inside[0] in SPLITS:
            split, label, *below = inside
            return Place(split, label, tuple(below))
        return None


def scheme_of(tree: Path, folders: Collection[Parts], test_share: float | None) -> Scheme:
    """The scheme of a tree by those of its folders, one and two deep, that hold an image: `train`, `test` and `val`, or
    the classes, lie at its top or in one folder of it. Raises SettingsError where there are several such folders, or
    splits beside a test share."""
    tops = sorted({folder[0] for folder in folders})
    if test_share is not None:
        top = (tops[0],) if len(tops) == 1 and len(folders) > 1 else ()
        labels = {folder[-1] for folder in folders if folder[:-1] == top}
        if "train" in labels and labels & {*SPLITS[1:]}:
            raise SettingsError(
                f"{tree}: test_share = {test_share}: expected <class>/*, got train/ and its test images"
            )
        return Scheme(top, test_share)
    splits = [top for top in tops if top in SPLITS]
    above = [top for top in tops if any((top, split) in folders for split in SPLITS)]
    # a folder `train` alone may hold the whole set; one with other folders is a split, of which a class is called so
    inside = {folder[1] for folder in folders if len(folder) > 1 and folder[0] in splits}
    whole = inside <= {*SPLITS} or ("train" in inside and inside & {"test", "val"})
    if splits and (splits != above or len(splits) > 1 or not whole):
        return Scheme((), None)
    if len(above) > 1:
        raise SettingsError(f"{tree}: holds more than one data set, in {' and '.join(above)}; allowed is one")
    return Scheme(tuple(above), None)


def drawn_split(path: Parts, test_share: float) -> str:
    """`train` or `test` by the digest of an image's path from its class on, whatever other images there are."""
    name = unicodedata.normalize("NFC", "/".join(path)).encode(errors="surrogateescape")
    number = int.from_bytes(hashlib.sha256(name).digest()[:8], "big")
    return "test" if number < test_share * 2**64 else "train"


def is_image(name: str) -> bool:
    """Whether a file's name ends as an image's."""
    return name.lower().endswith(SUFFIXES)


@cache
def count_classes(trees: tuple[str, ...], test_share: float | None, where: str) -> int:
    """Number of classes with an image for training, of all trees together; no image is read.

    Raises SettingsError that names `where` for a tree that is not there, and for fewer than two classes.
    """
    found: set[str] = set()
    for tree in map(Path, trees):
        if not tree.exists():
            raise SettingsError(
                f"{where}.paths: {tree} is not there; without it `classes` has to say how many there are"
            )
        found |= {label for label, images in _training(tree, test_share) if any(True for _ in images)}
    if len(found) < 2:
        listed = ", ".join(trees) or "nothing"
        folders = "train/<class>/" if test_share is None else "<class>/"
        raise SettingsError(
            f"{where}.paths: {listed}: {len(found)} classes with images in {folders}, expected 2 or more"
        )
    return len(found)


@cache
def count_images(trees: tuple[str, ...], test_share: float | None, enough: int) -> int:
    """Number of training images of all trees together, counted no further than `enough`: of millions that could take
    minutes."""
    found = (image for tree in map(Path, trees) for _, images in _training(tree, test_share) for image in images)
    return sum(1 for _ in islice(found, enough))


def _training(tree: Path, test_share: float | None) -> Iterator[tuple[str, Iterable[Place]]]:
    """Classes of a tree and their training images; of a folder these are looked for when they are asked for."""
    if not tree.is_dir():
        files = [file.path.parts for file in list_tree(tree) if is_image(file.name)]
        scheme = scheme_of(tree, folders_of(files), test_share)
        yield from ((place.label, [place]) for place in map(scheme.place, files) if place and place.split == "train")
        return
    tops = _folders(tree, ())
    folders = [*tops, *(folder for top in tops for folder in _folders(tree, top))]
    scheme = scheme_of(tree, [folder for folder in folders if any(True for _ in _images(tree, folder))], test_share)
    for label in _folders(tree, scheme.top if test_share is not None else (*scheme.top, "train")):
        places = map(scheme.place, _images(tree, label))
        yield label[-1], (place for place in places if place and place.split == "train")


def folders_of(files: Iterable[Parts]) -> set[Parts]:
    """Folders of files, one and two deep."""
    return {parts[:depth] for parts in files for depth in (1, 2) if len(parts) > depth}


def _folders(tree: Path, parent: Parts) -> list[Parts]:
    """Visible folders in a folder of a tree; none where it is not there."""
    return [(*parent, path.name) for path in tree.joinpath(*parent).glob("[!.]*") if path.is_dir()]


def _images(tree: Path, folder: Parts) -> Iterator[Parts]:
    """Paths of the visible images below a folder of a tree."""
    names = walk(tree.joinpath(*folder))
    return ((*folder, *name.split("/")) for name in names if is_image(name) and not is_hidden(name))
