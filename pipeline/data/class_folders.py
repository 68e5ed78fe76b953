"""Trees of image files, `train/<class>/*` and `test/<class>/*`, as folders or zip archives."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from pathlib import Path

from pipeline.data.class_count import SUFFIXES
from pipeline.data.decode import ImageFile, Mode, colour_mode
from pipeline.data.source_images import SourceImages, SourceSplit
from pipeline.data.trees import TreeFile, list_tree, read_files
from pipeline.settings.base import SettingsError

Key = tuple[str, str, str]  # split, class, file name


@dataclass
class Labelled:
    """Image files and their labels, in the order in which they are stored."""

    files: list[TreeFile] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(self, files: Sequence[TreeFile], label: int) -> None:
        self.files.extend(files)
        self.labels.extend([label] * len(files))


def read_folders(
    trees: Sequence[Path], size: int | None, mode: Mode | None = None, tests: tuple[str, ...] = ("test", "val")
) -> SourceImages:
    """The merged trees; files of other kinds are left out. `tests` names the test split, the first that is there.

    Each may have one folder above `train`. Classes are sorted by name, the images of a class by file name, whatever the
    archive they lie in. Without a mode, all images are RGB unless the first is greyscale. Raises SettingsError where
    the trees have no images, or one of them twice.
    """
    splits: dict[str, dict[str, list[TreeFile]]] = {}  # files in the order of their names, by class and split
    last: tuple[Key, TreeFile] | None = None
    for key, file in merge(*map(_images, trees), key=itemgetter(0)):
        if last and last[0] == key:
            raise SettingsError(f"{file}: the same image is in {last[1]}")
        last = key, file
        splits.setdefault(key[0], {}).setdefault(key[1], []).append(file)
    where = ", ".join(map(str, trees))
    tested = next((split for split in tests if split in splits), None)
    if "train" not in splits or tested is None:
        wanted = "test/<class>/ or val/<class>/" if "train" in splits else "train/<class>/"
        raise SettingsError(f"{where}: no images under {wanted} ({', '.join(SUFFIXES)})")
    names = tuple(sorted({*splits["train"], *splits[tested]}))
    _check_accents(where, names)
    train, test = Labelled(), Labelled()
    for split, labelled in (("train", train), (tested, test)):
        for number, name in enumerate(names):
            labelled.add(splits[split].get(name, []), number)
    return labelled_images(names, train, test, mode, size)


def labelled_images(
    names: tuple[str, ...], train: Labelled, test: Labelled, mode: Mode | None, size: int | None
) -> SourceImages:
    """Images of files in the given order; without a mode, the first training image decides.

    Raises SettingsError, before any image is decoded, for a class without training or without test image: a run could
    learn nothing of it, or be asked nothing.
    """
    for split, images in (("training", train), ("test", test)):
        there = {*images.labels}
        for number, name in enumerate(names):
            if number not in there:
                raise SettingsError(f"{train.files[0].tree}: class {name!r} has no {split} image")
    if mode is None:
        first = train.files[0]
        mode = colour_mode(str(first), next(read_files([first])))
    return SourceImages(names, *(SourceSplit(len(images.files), _read(images, mode, size)) for images in (train, test)))


def _check_accents(where: str, names: Sequence[str]) -> None:
    """Raises SettingsError for two classes that look alike: a letter and its accent are one character or two, as
    systems and archives have it, so that one class may come in two parts."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if other != name:
            raise SettingsError(f"{where}: classes {other!a} and {name!a} are the same letters; allowed is one name")


def _read(images: Labelled, mode: Mode, size: int | None) -> Iterator[tuple[ImageFile, int]]:
    for file, label, data in zip(images.files, images.labels, read_files(images.files), strict=True):
        yield ImageFile(str(file), data, mode, size), label


def _images(tree: Path) -> Iterator[tuple[Key, TreeFile]]:
    """Every image of a tree in the order of the keys, which is that of the paths."""
    top = None
    for file in list_tree(tree):
        if file.path.suffix.lower() not in SUFFIXES:
            continue
        match file.path.parts:
            case (("train" | "test" | "val") as split, label, name):
                above = "."
            case (above, ("train" | "test" | "val") as split, label, name):
                pass
            case _:
                continue
        if top not in (None, above):
            raise SettingsError(
                f"{tree}: holds more than one data set, in {' and '.join(sorted((top, above)))}; allowed is one"
            )
        top = above
        yield (split, label, name), file
