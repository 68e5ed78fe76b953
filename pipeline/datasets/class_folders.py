"""Image files in class folders, `train/<class>/*` and `test/<class>/*` or `<class>/*`, found from names alone."""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import is_grey, open_image
from pipeline.datasets.source_images import ImageFiles, Labels, Mode, SourceImages, SourceSplit
from pipeline.datasets.trees import TreeFile, list_tree, read_files

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")  # torchvision's ImageFolder's
SPLITS = ("train", "test", "val")

Parts = tuple[str, ...]  # of a path
Place = tuple[str, str, Parts]  # split, class, path below the class
Skipped = dict[str, list[TreeFile]]  # {reason: files}


@dataclass(frozen=True)
class Found:
    """Image files of both splits with their labels, in the order in which they are stored."""

    class_names: tuple[str, ...]
    train: list[TreeFile]
    train_labels: Labels
    test: list[TreeFile]
    test_labels: Labels
    notes: tuple[str, ...]  # sentences on what is skipped

    @property
    def files(self) -> list[TreeFile]:
        return [*self.train, *self.test]


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
    skipped: Skipped = defaultdict(list)
    placed = _placed(trees, test_share, skipped)
    where, splits = ", ".join(map(str, trees)), {split for split, _, _ in placed}
    tested = next((split for split in tests if split in splits), None)
    if "train" not in splits or tested is None:
        raise SettingsError(f"{where}: no images under {_expected('train' in splits, test_share)}")
    rows: dict[str, list[tuple[str, TreeFile]]] = {"train": [], tested: []}
    for (split, label, _), file in sorted(placed.items(), key=lambda item: item[0]):
        if split in rows:
            rows[split].append((label, file))
        else:
            skipped[f"in {split}/, as the test images are those of {tested}/"].append(file)
    train, test = rows["train"], rows[tested]
    for split, labels, complete in (("training", train, test), ("test", test, train)):
        if missing := {label for label, _ in complete} - {label for label, _ in labels}:
            hint = "" if test_share is None else f" with test_share = {test_share}: raise it"
            raise SettingsError(f"{where}: class {min(missing)!r} has no {split} image{hint}")
    numbers = {name: number for number, name in enumerate(sorted({label for label, _ in train}))}
    notes = (f"{len(files):,} skipped: {reason} (first: {files[0]})" for reason, files in skipped.items())
    return Found(
        tuple(numbers),
        *([file for _, file in train], np.array([numbers[label] for label, _ in train])),
        *([file for _, file in test], np.array([numbers[label] for label, _ in test])),
        tuple(notes),
    )


@cache
def count_training(trees: tuple[str, ...], test_share: float | None, where: str) -> tuple[int, int]:
    """Count classes and images for training, of all trees together; no image is read.

    Raises SettingsError that names the setting `where` for a missing tree and for fewer than two classes.
    """
    for tree in trees:
        if not Path(tree).exists():
            raise SettingsError(f"{where}.paths: {tree} is missing; without it `classes` has to give their number")
    placed = _placed([Path(tree) for tree in trees], test_share, defaultdict(list))
    labels = [label for split, label, _ in placed if split == "train"]
    if len({*labels}) < 2:
        folders = "train/<class>/" if test_share is None else "<class>/"
        raise SettingsError(
            f"{where}.paths: {', '.join(trees) or 'nothing'}: expected 2 or more classes with images in {folders}, "
            f"got {len({*labels})}"
        )
    return len({*labels}), len(labels)


def read_folders(
    trees: Sequence[Path],
    size: int | None,
    mode: Mode | None = None,
    tests: Sequence[str] = ("test", "val"),
    test_share: float | None = None,
) -> SourceImages:
    """Images as `find_images` finds them; without a mode they are RGB unless all are greyscale."""
    images = find_images(trees, tests, test_share)
    notes = images.notes
    if mode is None:
        grey = grey_files(images.files)
        notes, mode = notes + grey_note(grey, len(images.files)), "L" if len(grey) == len(images.files) else "RGB"
    train = SourceSplit(image_files(images.train, mode, size), images.train_labels)
    test = SourceSplit(image_files(images.test, mode, size), images.test_labels)
    return SourceImages(images.class_names, train, test, notes=notes)


def image_files(files: Sequence[TreeFile], mode: Mode, size: int | None) -> ImageFiles:
    """Files as encoded images of a split."""

    def read(start: int, stop: int) -> Iterator[tuple[str, bytes]]:
        return zip(map(str, files[start:stop]), read_files(files[start:stop]), strict=True)

    return ImageFiles(read, mode, size)


def drawn_split(path: Parts, test_share: float) -> str:
    """Return `train` or `test` by the digest of an image's path from its class on, whatever other images there are."""
    name = unicodedata.normalize("NFC", "/".join(path)).encode(errors="surrogateescape")
    number = int.from_bytes(hashlib.sha256(name).digest()[:8], "big")
    return "test" if number < test_share * 2**64 else "train"


def grey_files(files: Sequence[TreeFile]) -> list[TreeFile]:
    """The greyscale images among some; their headers are read."""
    return [file for file, data in zip(files, read_files(files), strict=True) if is_grey(open_image(str(file), data))]


def grey_note(grey: Sequence[TreeFile], total: int) -> tuple[str, ...]:
    """One sentence if some of the images are greyscale, and others are not."""
    if not 0 < len(grey) < total:
        return ()
    return (f"{len(grey):,} of {total:,} images are greyscale, and stored as RGB like the others (first: {grey[0]})",)


def _placed(trees: Sequence[Path], test_share: float | None, skipped: Skipped) -> dict[Place, TreeFile]:
    """All images of some trees by their place; other files are noted with a reason."""
    placed: dict[Place, TreeFile] = {}
    for tree in trees:
        images = []
        for file in list_tree(tree):
            if reason := _reason_to_skip(file):
                skipped[reason].append(file)
            else:
                images.append(file)
        top = _folder_above(tree, images, test_share)
        for file in images:
            place = _place(file.parts, top, test_share)
            if place is None:
                folders = "<class>/" if test_share is not None else "train/<class>/ and test/<class>/ or val/<class>/"
                skipped[f"outside of {folders}"].append(file)
            elif place in placed:
                raise SettingsError(f"{file}: the same image is in {placed[place]}")
            else:
                placed[place] = file
    return placed


def _reason_to_skip(file: TreeFile) -> str:
    if file.name.endswith("/"):
        return "a link to a folder above it"
    if file.is_hidden:
        return "hidden, with a name that begins with a dot"
    return "" if file.path.lower().endswith(SUFFIXES) else f"a name that does not end in {', '.join(SUFFIXES)}"


def _folder_above(tree: Path, images: Sequence[TreeFile], test_share: float | None) -> Parts:
    """Folder of a tree that has its splits or, with a test share, its classes: the tree itself or the one folder in it.
    Raises SettingsError where there are several such folders, or splits in spite of a test share."""
    inside: dict[str, set[str]] = defaultdict(set)  # folders, and those in them, that have an image somewhere below
    for parts in (file.parts for file in images):
        if len(parts) > 1:
            inside[parts[0]].update(parts[1:-1][:1])
    tops = sorted(inside)
    if test_share is not None:
        above: Parts = (tops[0],) if len(tops) == 1 and inside[tops[0]] else ()
        labels = inside[tops[0]] if above else {*tops}
        if "train" in labels and labels & {"test", "val"}:
            raise SettingsError(
                f"{tree}: test_share = {test_share}: expected <class>/*, got train/ and its test images"
            )
        return above
    splits = [top for top in tops if top in SPLITS]
    above = tuple(top for top in tops if inside[top] & {*SPLITS})
    if splits:  # one of them may have the whole dataset; with other folders in it, it is a split, and `train` a class
        folders = inside[splits[0]]
        has_splits = folders <= {*SPLITS} or ("train" in folders and folders & {"test", "val"})
        return above if above == (splits[0],) and len(splits) == 1 and has_splits else ()
    if len(above) > 1:
        raise SettingsError(f"{tree}: expected one dataset, got {len(above)}, in {' and '.join(above)}")
    return above


def _place(parts: Parts, top: Parts, test_share: float | None) -> Place | None:
    """Place of an image by its path; None outside of all classes."""
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
