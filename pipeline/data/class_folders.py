"""Trees of image files, `train/<class>/*` and `test/<class>/*`, as folders or zip archives."""

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.data.class_count import SUFFIXES
from pipeline.data.decode import ImageFile, Mode, colour_mode
from pipeline.data.source_images import SourceImages, SourceSplit
from pipeline.data.trees import TreeFile, list_tree, read_files
from pipeline.settings.base import SettingsError

Labelled = list[tuple[TreeFile, int]]


def read_folders(
    trees: Sequence[Path], size: int | None, mode: Mode | None = None, tests: tuple[str, ...] = ("test", "val")
) -> SourceImages:
    """The merged trees; files of other kinds are left out. `tests` names the test split, the first that is there.

    Each may have one folder above `train`. Classes are sorted by name, the images of a class by file name, whatever the
    archive they lie in. Without a mode, all images are RGB unless the first is greyscale. Raises SettingsError where
    the trees have no images, or one of them twice.
    """
    found: dict[tuple[str, str, str], TreeFile] = {}  # (split, class, file name)
    for tree in trees:
        for key, file in _images(tree):
            if key in found:
                raise SettingsError(f"{file}: the same image is in {found[key]}")
            found[key] = file
    where = ", ".join(map(str, trees))
    splits = {split for split, _, _ in found}
    tested = next((split for split in tests if split in splits), None)
    if "train" not in splits or tested is None:
        wanted = "test/<class>/ or val/<class>/" if "train" in splits else "train/<class>/"
        raise SettingsError(f"{where}: no images under {wanted} ({', '.join(SUFFIXES)})")
    names = tuple(sorted({label for split, label, _ in found if split in ("train", tested)}))
    _check_accents(where, names)
    numbers = {name: number for number, name in enumerate(names)}
    train, test = (
        [(found[key], numbers[key[1]]) for key in sorted(found) if key[0] == split] for split in ("train", tested)
    )
    return labelled_images(names, train, test, mode, size)


def labelled_images(
    names: tuple[str, ...], train: Labelled, test: Labelled, mode: Mode | None, size: int | None
) -> SourceImages:
    """Images of files in the given order; without a mode, the first training image decides.

    Raises SettingsError, before any image is decoded, for a class without training or without test image: a run could
    learn nothing of it, or be asked nothing.
    """
    for split, images in (("training", train), ("test", test)):
        there = {label for _, label in images}
        for number, name in enumerate(names):
            if number not in there:
                raise SettingsError(f"{train[0][0].tree}: class {name!r} has no {split} image")
    if mode is None:
        first = train[0][0]
        mode = colour_mode(str(first), next(read_files([first])))
    return SourceImages(names, *(SourceSplit(len(files), _read(files, mode, size)) for files in (train, test)))


def _check_accents(where: str, names: Sequence[str]) -> None:
    """Raises SettingsError for two classes that look alike: a letter and its accent are one character or two, as
    systems and archives have it, so that one class may come in two parts."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if other != name:
            raise SettingsError(f"{where}: classes {other!a} and {name!a} are the same letters; allowed is one name")


def _read(files: Labelled, mode: Mode, size: int | None) -> Iterator[tuple[ImageFile, int]]:
    for (file, label), data in zip(files, read_files(file for file, _ in files), strict=True):
        yield ImageFile(str(file), data, mode, size), label


def _images(tree: Path) -> Iterator[tuple[tuple[str, str, str], TreeFile]]:
    """(split, class, file name) of every image of a tree."""
    tops = set()
    for file in list_tree(tree):
        if file.path.suffix.lower() not in SUFFIXES:
            continue
        match file.path.parts:
            case (("train" | "test" | "val") as split, label, name):
                tops.add(".")
            case (top, ("train" | "test" | "val") as split, label, name):
                tops.add(top)
            case _:
                continue
        if len(tops) > 1:
            raise SettingsError(
                f"{tree}: holds more than one data set, in {' and '.join(sorted(tops))}; allowed is one"
            )
        yield (split, label, name), file
