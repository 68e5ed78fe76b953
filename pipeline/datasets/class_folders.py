"""Trees of image files, `train/<class>/*` and `test/<class>/*`, as folders or zip archives."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.datasets.class_paths import SPLITS, SUFFIXES, Place, folders_of, is_image, scheme_of
from pipeline.datasets.decode import ImageFile, Mode, read_header
from pipeline.datasets.left_out import LeftOut
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.trees import TreeFile, is_hidden, list_all, read_files
from twin_alignment.progress import say


@dataclass
class Labelled:
    """Image files and their labels, in the order in which they are stored."""

    files: list[TreeFile] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(self, files: Sequence[TreeFile], label: int) -> None:
        self.files.extend(files)
        self.labels.extend([label] * len(files))


@dataclass(frozen=True)
class Found:
    """What trees of image files have."""

    class_names: tuple[str, ...]
    train: Labelled
    test: Labelled
    left_out: LeftOut


def find_images(
    trees: Sequence[Path], tests: Sequence[str] = ("test", "val"), test_share: float | None = None
) -> Found:
    """Images of merged trees, each with at most one folder above its splits or classes, from names alone.

    Args:
        trees: folders or zip archives.
        tests: the test split, the first of these that is there.
        test_share: of each class, where the trees have `<class>/*` and no splits.

    Returns:
        Classes sorted by name, images of a class by path below it, whatever the tree that they lie in; and what is left
        out.

    Raises:
        SettingsError: the trees have no images, one of them twice, or a class without training or test images.
    """
    left_out = LeftOut()
    splits: dict[str, dict[str, list[TreeFile]]] = {split: {} for split in SPLITS}
    last: tuple[Any, TreeFile] | None = None
    for key, place, file in merge(*(_images(tree, test_share, left_out) for tree in trees), key=itemgetter(0)):
        if last and last[0] == key:
            raise SettingsError(f"{file}: the same image is in {last[1]}")
        last = key, file
        splits[place.split].setdefault(place.label, []).append(file)
    where = ", ".join(map(str, trees))
    tested = next((split for split in tests if splits[split]), None)
    if not splits["train"] or tested is None:
        raise SettingsError(f"{where}: no images under {_wanted(bool(splits['train']), test_share)}")
    for split in {*SPLITS} - {"train", tested}:
        for file in chain.from_iterable(splits[split].values()):
            left_out.add(f"in {split}/, as the test images are those of {tested}/", file)
    names = tuple(sorted({*splits["train"], *splits[tested]}))
    _check_accents(where, names)
    train, test = Labelled(), Labelled()
    for split, labelled in (("train", train), (tested, test)):
        for number, name in enumerate(names):
            labelled.add(splits[split].get(name, []), number)
    _check_classes(names, train, test, "" if test_share is None else f" with test_share = {test_share}: raise it")
    return Found(names, train, test, left_out)


def _wanted(trained: bool, test_share: float | None) -> str:
    kinds = f"({', '.join(SUFFIXES)})"
    if test_share is not None:
        return f"<class>/ {'that are drawn for testing: raise test_share' if trained else kinds}"
    folders = "test/<class>/ or val/<class>/" if trained else "train/<class>/"
    return f"{folders} {kinds}; of <class>/* without a split, `start FOLDER --test-share 0.2` draws a fifth for testing"


def read_folders(
    trees: Sequence[Path],
    size: int | None,
    mode: Mode | None = None,
    tests: Sequence[str] = ("test", "val"),
    test_share: float | None = None,
) -> SourceImages:
    """Images as `find_images` has them; without a mode they are RGB unless all are greyscale."""
    found = find_images(trees, tests, test_share)
    return labelled_images(found.class_names, found.train, found.test, mode, size, found.left_out.sentences())


def labelled_images(
    names: tuple[str, ...],
    train: Labelled,
    test: Labelled,
    mode: Mode | None,
    size: int | None,
    notes: tuple[str, ...] = (),
) -> SourceImages:
    """Images of files in the given order. Raises SettingsError, before any image is decoded, for a class without
    training or without test image."""
    _check_classes(names, train, test)
    common = mode or _common_mode([*train.files, *test.files])
    splits = (SourceSplit(len(images.files), _read(images, common, size, mode is None)) for images in (train, test))
    return SourceImages(names, *splits, notes=notes)


def _check_classes(names: Sequence[str], train: Labelled, test: Labelled, hint: str = "") -> None:
    """That a run learns something of each class, and is asked something."""
    for split, images in (("training", train), ("test", test)):
        there = {*images.labels}
        for number, name in enumerate(names):
            if number not in there:
                raise SettingsError(f"{train.files[0].tree}: class {name!r} has no {split} image{hint}")


def _common_mode(files: Sequence[TreeFile]) -> Mode:
    """Colour, unless all files are greyscale; they are read up to the first that is not."""
    modes = (read_header(str(file), data).mode for file, data in zip(files, read_files(files), strict=True))
    return "RGB" if "RGB" in modes else "L"


def _check_accents(where: str, names: Sequence[str]) -> None:
    """Raises SettingsError for two classes that look alike: a letter and its accent are one character or two, as
    systems and archives have it, so that one class may come in two parts."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if other != name:
            raise SettingsError(f"{where}: classes {other!a} and {name!a} are the same letters; allowed is one name")


def _read(images: Labelled, mode: Mode, size: int | None, mixed: bool) -> Iterator[tuple[ImageFile, int]]:
    """Files with their labels; where grey ones may be among colours, their number is said at the end."""
    grey = []
    for file, label, data in zip(images.files, images.labels, read_files(images.files), strict=True):
        if mixed and mode == "RGB" and read_header(str(file), data).mode == "L":
            grey.append(file)
        yield ImageFile(str(file), data, mode, size), label
    if grey:
        say(grey_note(len(grey), len(images.files), grey[0]))


def grey_note(count: int, total: int, first: TreeFile) -> str:
    """What becomes of grey images among colours."""
    return f"{count:,} of {total:,} images are greyscale, and stored as RGB like the others (first: {first})"


def _images(tree: Path, test_share: float | None, left_out: LeftOut) -> Iterator[tuple[Any, Place, TreeFile]]:
    """Every image of a tree by a key, in the order of the keys, which is that of the paths."""
    files = []
    for file in list_all(tree):
        if reason := _reason(file):
            left_out.add(reason, file)
        else:
            files.append(file)
    scheme = scheme_of(tree, folders_of(file.path.parts for file in files), test_share)
    for file in files:
        place = scheme.place(file.path.parts)
        if place is None:
            folders = "train/<class>/ and test/<class>/ or val/<class>/" if test_share is None else "<class>/"
            left_out.add(f"outside of {folders}", file)
        else:
            yield (place.split if test_share is None else "", place.label, place.below), place, file


def _reason(file: TreeFile) -> str:
    """Why a file is not taken for an image, if it is not."""
    if file.is_loop:
        return "a link to a folder above it"
    if is_hidden(file.inside):
        return "hidden, with a name that begins with a dot"
    return "" if is_image(file.inside) else f"a name that does not end in {', '.join(SUFFIXES)}"
