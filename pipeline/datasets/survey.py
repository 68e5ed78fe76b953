"""Contents of a folder of images, before there are settings for it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.datasets.class_folders import find_images, grey_note
from pipeline.datasets.decode import is_grey, open_image
from pipeline.datasets.trees import read_files

SAMPLE = 500  # images whose header is read, spread evenly: reading all could take minutes


@dataclass(frozen=True)
class Survey:
    """A folder of images in numbers."""

    classes: int
    train: int  # images
    test: int
    sides: tuple[int, int, int]  # shorter sides in pixels: smallest, median, largest of the sample
    alike: bool  # all of the sample have one size, and are square
    notes: tuple[str, ...] = ()  # sentences on what is skipped or changed


def survey(tree: Path, test_share: float | None = None) -> Survey:
    """Count the images of a folder or zip archive, and read the headers of a sample.

    Args:
        tree: has `train/<class>/*` and `test/<class>/*`, or `<class>/*` with a test share.
        test_share: share of the images for testing.

    Raises:
        FileNotFoundError: the tree is missing.
        SettingsError: it has no such images, fewer than two classes, a class without training or test image, or a file
            that is not an image.
    """
    images = find_images([tree], test_share=test_share)
    if len(images.class_names) < 2:
        raise SettingsError(f"{tree}: expected 2 or more classes, a folder each, got one, {images.class_names[0]!r}")
    files = images.files
    sample = [files[i] for i in np.linspace(0, len(files) - 1, min(len(files), SAMPLE)).astype(int)]
    sizes, grey = [], []
    for file, data in zip(sample, read_files(sample), strict=True):
        image = open_image(str(file), data)
        sizes.append(image.size)
        grey += [file] if is_grey(image) else []
    shorter = sorted(map(min, sizes))
    sides = (shorter[0], shorter[len(shorter) // 2], shorter[-1])
    return Survey(
        classes=len(images.class_names),
        train=len(images.train),
        test=len(images.test),
        sides=sides,
        alike={*sizes} == {(sides[0], sides[0])},
        notes=(*images.notes, *grey_note(grey, len(sample))),
    )
