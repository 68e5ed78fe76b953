"""What a folder of one's own images holds, looked at before there are settings for it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.datasets.class_folders import find_images, grey_note
from pipeline.datasets.decode import read_header
from pipeline.datasets.trees import read_files

LOOKED_AT = 500  # images whose header is read, spread evenly: of all it could take minutes


@dataclass(frozen=True)
class Survey:
    """A folder of images in numbers."""

    classes: int
    train: int  # images
    test: int
    sides: tuple[int, int, int]  # shorter sides in pixels: smallest, median, largest of those looked at
    alike: bool  # whether all looked at have one size, and are square
    notes: tuple[str, ...] = ()  # sentences on what is left out, or changed


def survey(tree: Path, test_share: float | None = None) -> Survey:
    """Look at a folder or zip archive with `train/<class>/*` and `test/<class>/*`, or with `<class>/*` of which a share
    is for testing; only headers of images are read.

    Raises SettingsError for a tree that is not there, has no such images, fewer than two classes, or a class without
    training or test image, and for a file that is no image.
    """
    if not tree.exists():
        raise SettingsError(
            f"{tree}: not there; it has to be a folder or a zip archive with train/<class>/* and test/<class>/*"
        )
    found = find_images([tree], test_share=test_share)
    if len(found.class_names) < 2:
        raise SettingsError(f"{tree}: one class, {found.class_names[0]!r}; at least 2 are needed, a folder each")
    files = [*found.train.files, *found.test.files]
    chosen = [files[i] for i in np.linspace(0, len(files) - 1, min(len(files), LOOKED_AT)).astype(int)]
    headers = [read_header(str(file), data) for file, data in zip(chosen, read_files(chosen), strict=True)]
    grey = [file for file, header in zip(chosen, headers, strict=True) if header.mode == "L"]
    mixed = (grey_note(len(grey), len(chosen), grey[0]),) if 0 < len(grey) < len(chosen) else ()
    sizes = [header.size for header in headers]
    shorter = sorted(map(min, sizes))
    sides = (shorter[0], shorter[len(shorter) // 2], shorter[-1])
    alike = {*sizes} == {(sides[0],) * 2}
    notes = (*found.left_out.sentences(), *mixed)
    return Survey(len(found.class_names), len(found.train.files), len(found.test.files), sides, alike, notes)
