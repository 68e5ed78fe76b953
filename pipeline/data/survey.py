"""What a folder of one's own images holds, looked at before there are settings for it."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.data.class_count import SUFFIXES
from pipeline.data.class_folders import read_folders
from pipeline.data.trees import list_tree, read_files
from pipeline.settings.base import SettingsError

LOOKED_AT = 500  # images whose size is read, spread evenly: of all it could take minutes


@dataclass(frozen=True)
class Survey:
    classes: int
    train: int  # images
    test: int
    sides: tuple[int, int, int]  # shorter sides in pixels: smallest, median, largest of those looked at
    alike: bool  # whether all looked at have one size, and are square


def survey(tree: Path) -> Survey:
    """Of a folder or zip archive with `train/<class>/*` and `test/<class>/*`; only headers of images are read.

    Raises SettingsError for a tree that is not there, has no such images, fewer than two classes, or a class without
    training or test image, and for a file that is no image.
    """
    if not tree.exists():
        raise SettingsError(
            f"{tree}: not there; it has to be a folder or a zip archive with train/<class>/* and test/<class>/*"
        )
    found = read_folders([tree], size=None)
    if len(found.class_names) < 2:
        raise SettingsError(f"{tree}: one class, {found.class_names[0]!r}; at least 2 are needed, a folder each")
    files = [file for file in list_tree(tree) if file.path.suffix.lower() in SUFFIXES]
    chosen = [files[i] for i in np.linspace(0, len(files) - 1, min(len(files), LOOKED_AT)).astype(int)]
    sizes = []
    for file, data in zip(chosen, read_files(chosen), strict=True):
        try:
            sizes.append(Image.open(io.BytesIO(data)).size)
        except UnidentifiedImageError:
            raise SettingsError(f"{file}: not an image that can be decoded") from None
    shorter = sorted(map(min, sizes))
    sides = (shorter[0], shorter[len(shorter) // 2], shorter[-1])
    return Survey(len(found.class_names), found.train.count, found.test.count, sides, {*sizes} == {(sides[0],) * 2})
