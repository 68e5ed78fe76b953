"""Image files in class folders, `train/<class>/*` and `test/<class>/*` or `<class>/*`, found from names alone."""

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import read_header
from pipeline.datasets.source_images import ImageFiles, Mode, SourceImages, SourceSplit
from pipeline.datasets.trees import TreeFile, list_tree, open_files, read_files

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")  # torchvision's ImageFolder's
SPLITS = ("train", "test", "val")

Parts = tuple[str, ...]  # of a path


@dataclass(frozen=True)
class Labelled:
    """Image files and their labels, in the order in which they are stored."""

    files: list[TreeFile] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(self, files: Sequence[TreeFile], label: int) -> None:
        self.files.extend(files)
        self.labels.extend([label] * len(files))


@dataclass(frozen=True)
class Found:
    """Images of class folders, and sentences on what is skipped."""

    class_names: tuple[str, ...]
    train: Labelled
    test: Labelled
    notes: tuple[str, ...]


class _Skipped:
    """Files that are not images of a dataset, counted by reason, with the first of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, TreeFile] = {}

    def add(self, reason: str, file: TreeFile) -> None:
        self.counts[reason] += 1
        self.first.setdefault(reason, file)

    def sentences(self) -> tuple[str, ...]:
        return tuple(f"{count:,} skipped: {why} (first: {self.first[why]})" for why, count in self.counts.items())


def find_images(
    trees: Sequence[Path], tests: Sequence[str] = ("test", "val"), test_share: float | None = None
) -> Found:
    """Find the images of merged trees, each with at most one folder above its splits or classes; none is read.

    Args:
        trees: folders or zip archives.
        tests: names of the test split; the first that has images is taken.
        test_share: share of each class for testing, where the trees have `<class>/*` and no splits.

    Returns:
        Classes sorted by name; images of a class sorted by their path below it, whatever tree they are in.

    Raises:
        SettingsError: the trees have no images, one of them twice, or a class without training or test images.
    """
    skipped = _Skipped()
    splits = _images_by_split(trees, test_share, skipped)
    where = ", ".join(map(str, trees))
    tested = next((split for split in tests if splits[split]), None)
    if not splits["train"] or tested is None:
        raise SettingsError(f"{where}: no images under {_expected(bool(splits['train']), test_share)}")
    for split in {*SPLITS} - {"train", tested}:
        for file in (file for files in splits[split].values() for file in files):
            skipped.add(f"in {split}/, as the test images are those of {tested}/", file)
    names = tuple(sorted({*splits["train"], *splits[tested]}))
    _check_accents(where, names)
    train, test = Labelled(), Labelled()
    for split, images in (("train", train), (tested, test)):
        for number, name in enumerate(names):
            images.add(splits[split].get(name, []), number)
    check_classes(where, names, train, test, "" if test_share is None else f" with test_share = {test_share}: raise it")
    return Found(names, train, test, skipped.sentences())


@cache
def count_training(trees: tuple[str, ...], test_share: float | None, where: str) -> tuple[int, int]:
    """Count classes and images for training, of all trees together; no image is read.

    Raises SettingsError that names the setting `where` for a missing tree and for fewer than two classes.
    """
    for tree in trees:
        if not Path(tree).exists():
            raise SettingsError(f"{where}.paths: {tree} is missing; without it `classes` has to give their number")
    found = _images_by_split([Path(tree) for tree in trees], test_share, _Skipped())["train"]
    if len(found) < 2:
        folders = "train/<class>/" if test_share is None else "<class>/"
        raise SettingsError(
            f"{where}.paths: {', '.join(trees) or 'nothing'}: expected 2 or more classes with images in {folders}, "
            f"got {len(found)}"
        )
    return len(found), sum(map(len, found.values()))


def read_folders(
    trees: Sequence[Path],
    size: int | None,
    mode: Mode | None = None,
    tests: Sequence[str] = ("test", "val"),
    test_share: float | None = None,
) -> SourceImages:
    """Images as `find_images` finds them; without a mode they are RGB unless all are greyscale."""
    found = find_images(trees, tests, test_share)
    notes = found.notes
    if mode is None:
        mode, grey = _common_mode([*found.train.files, *found.test.files])
        notes += grey
    return SourceImages(
        found.class_names, as_split(found.train, mode, size), as_split(found.test, mode, size), notes=notes
    )


def as_split(images: Labelled, mode: Mode, size: int | None) -> SourceSplit:
    """Labelled files as a split of a source."""

    def read(start: int, stop: int) -> Iterator[tuple[str, bytes]]:
        files = images.files[start:stop]
        return zip(map(str, files), read_files(files), strict=True)

    return SourceSplit(ImageFiles(read, mode, size), np.array(images.labels, np.int64))


def check_classes(where: object, names: Sequence[str], train: Labelled, test: Labelled, hint: str = "") -> None:
    """Raise SettingsError for a class without a training or without a test image."""
    for split, images in (("training", train), ("test", test)):
        if missing := {*range(len(names))}.difference(images.labels):
            raise SettingsError(f"{where}: class {names[min(missing)]!r} has no {split} image{hint}")


def drawn_split(path: Parts, test_share: float) -> str:
    """Return `train` or `test` by the digest of an image's path from its class on, whatever other images there are."""
    name = unicodedata.normalize("NFC", "/".join(path)).encode(errors="surrogateescape")
    number = int.from_bytes(hashlib.sha256(name).digest()[:8], "big")
    return "test" if number < test_share * 2**64 else "train"


def grey_note(grey: Sequence[TreeFile], total: int) -> tuple[str, ...]:
    """One sentence if some of the images are greyscale, and others are not."""
    if not 0 < len(grey) < total:
        return ()
    return (f"{len(grey):,} of {total:,} images are greyscale, and stored as RGB like the others (first: {grey[0]})",)


def _common_mode(files: list[TreeFile]) -> tuple[Mode, tuple[str, ...]]:
    """Colour unless all files are greyscale, and a note on greyscale ones among colour; only headers are read."""
    headers = (read_header(str(file), stream) for file, stream in zip(files, open_files(files), strict=True))
    grey = [file for file, header in zip(files, headers, strict=True) if header.mode == "L"]
    return "L" if len(grey) == len(files) else "RGB", grey_note(grey, len(files))


def _images_by_split(
    trees: Sequence[Path], test_share: float | None, skipped: _Skipped
) -> dict[str, dict[str, list[TreeFile]]]:
    """{split: {class: images by their path below it}}"""
    found: dict[tuple[str, str, Parts], TreeFile] = {}
    for tree in trees:
        images = [file for file in list_tree(tree) if _is_image(file, skipped)]
        top = _folder_above(tree, images, test_share)
        for file in images:
            place = _place(file.parts, top, test_share)
            if place is None:
                folders = "<class>/" if test_share is not None else "train/<class>/ and test/<class>/ or val/<class>/"
                skipped.add(f"outside of {folders}", file)
            elif place in found:
                raise SettingsError(f"{file}: the same image is in {found[place]}")
            else:
                found[place] = file
    splits: dict[str, dict[str, list[TreeFile]]] = {split: defaultdict(list) for split in SPLITS}
    for place in sorted(found):
        split, label, _ = place
        splits[split][label].append(found[place])
    return splits


def _is_image(file: TreeFile, skipped: _Skipped) -> bool:
    """True for an image by its name; others are noted with the reason."""
    if file.is_loop:
        skipped.add("a link to a folder above it", file)
    elif file.is_hidden:
        skipped.add("hidden, with a name that begins with a dot", file)
    elif not file.path.lower().endswith(SUFFIXES):
        skipped.add(f"a name that does not end in {', '.join(SUFFIXES)}", file)
    else:
        return True
    return False


def _folder_above(tree: Path, images: Sequence[TreeFile], test_share: float | None) -> Parts:
    """Folder of a tree that has its splits or, with a test share, its classes: the tree itself or the one folder in it.
    Raises SettingsError where there are several such folders, or splits in spite of a test share."""
    inside: dict[str, set[str]] = defaultdict(set)  # folders, and those in them, that have an image somewhere below
    for parts in (file.parts for file in images):
        if len(parts) > 1:
            inside[parts[0]].update(parts[1:2] if len(parts) > 2 else ())
    tops = sorted(inside)
    if test_share is not None:
        above: Parts = (tops[0],) if len(tops) == 1 and inside[tops[0]] else ()
        labels = {*inside[above[0]]} if above else {*tops}
        if "train" in labels and labels & {*SPLITS[1:]}:
            raise SettingsError(
                f"{tree}: test_share = {test_share}: expected <class>/*, got train/ and its test images"
            )
        return above
    splits = [top for top in tops if top in SPLITS]
    wholes = [top for top in tops if inside[top] & {*SPLITS}]
    if splits and (len(splits) > 1 or splits != wholes or not _has_splits(inside[splits[0]])):
        return ()
    if len(wholes) > 1:
        raise SettingsError(f"{tree}: expected one dataset, got {len(wholes)}, in {' and '.join(wholes)}")
    return tuple(wholes)


def _has_splits(folders: set[str]) -> bool:
    """True if a folder called as a split has the whole dataset; one with other folders is a split, and `train` in it a
    class."""
    return folders <= {*SPLITS} or ("train" in folders and bool(folders & {*SPLITS[1:]}))


def _place(parts: Parts, top: Parts, test_share: float | None) -> tuple[str, str, Parts] | None:
    """Split, class and path below the class; None outside of all classes."""
    inside = parts[len(top) :]
    if parts[: len(top)] != top:
        return None
    if test_share is not None and len(inside) >= 2:
        return drawn_split(inside, test_share), inside[0], inside[1:]
    if test_share is None and len(inside) >= 3 and inside[0] in SPLITS:
        return inside[0], inside[1], inside[2:]
    return None


def _expected(has_training: bool, test_share: float | None) -> str:
    kinds = f"({', '.join(SUFFIXES)})"
    if test_share is not None:
        return f"<class>/ {'that are drawn for testing: raise test_share' if has_training else kinds}"
    folders = "test/<class>/ or val/<class>/" if has_training else "train/<class>/"
    return f"{folders} {kinds}; of <class>/* without a split, `start FOLDER --test-share 0.2` draws a fifth for testing"


def _check_accents(where: str, names: Sequence[str]) -> None:
    """Raise SettingsError for two classes that look alike: a letter and its accent are one character or two, by the
    system that wrote them, so that one class may come in two parts."""
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if twin != name:
            raise SettingsError(f"{where}: classes {twin!a} and {name!a} are the same letters; expected one name")
