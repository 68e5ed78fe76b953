"""A split's images in blocks, decoded by all cores, in the order in which they are stored."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import decode
from pipeline.datasets.source_images import ImageFiles, Pixels
from twin_alignment.progress import track

IMAGES = 64  # of a block

Shape = tuple[int, int, int]  # channels, height, width
Histogram = npt.NDArray[np.int64]  # [C, 256]: numbers of pixels by channel and level


@dataclass(frozen=True)
class Block:
    """Consecutive images of a split: encoded files by name, or pixels [n, H, W] or [n, H, W, 3]."""

    start: int
    files: list[tuple[str, bytes]]
    pixels: Pixels | None


@dataclass(frozen=True)
class First:
    """A dataset's first training image, which gives all others their shape."""

    name: str
    shape: Shape


def read_blocks(images: Pixels | ImageFiles, start: int, stop: int, label: str | None = None) -> Iterator[Block]:
    """Read the images of some rows, with progress under the label."""
    if isinstance(images, np.ndarray):
        for row in range(start, stop, IMAGES):
            yield Block(row, [], images[row : min(row + IMAGES, stop)])
        return
    items = iter(images.read(start, stop) if label is None else track(images.read(start, stop), stop - start, label))
    for row in range(start, stop, IMAGES):
        yield Block(row, list(islice(items, min(IMAGES, stop - row))), None)


def first_image(images: Pixels | ImageFiles, like: First | None = None) -> First:
    """Name and shape of a split's first image, which is decoded. Raises as `decode_block`."""
    block = next(read_blocks(images, 0, 1))
    _, channels, height, width = decode_block(images, block, like).shape
    return First(block.files[0][0] if block.files else "the first training image", (channels, height, width))


def decode_block(images: Pixels | ImageFiles, block: Block, first: First | None = None) -> Pixels:
    """Decode a block to uint8 [n, C, H, W]. Raises SettingsError that names the first image of another shape than the
    dataset's first image."""
    if block.pixels is not None:
        return _channels_first(block.pixels)
    assert isinstance(images, ImageFiles)  # only their blocks have files
    decoded = []
    for name, data in block.files:
        pixels = decode(name, data, images.mode, images.size)
        if first and pixels.shape[:2] != first.shape[1:]:
            (height, width), (_, first_height, first_width) = pixels.shape[:2], first.shape
            raise SettingsError(
                f"{name}: is {width} x {height} pixels, {first.name} is {first_width} x {first_height}: "
                "set the dataset's `size` to bring all to one"
            )
        decoded.append(pixels)
    return _channels_first(np.stack(decoded))


def _channels_first(pixels: Pixels) -> Pixels:
    return pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)


def histogram(pixels: Pixels) -> Histogram:
    """Numbers of pixels of images [n, C, H, W] by channel and level."""
    return np.stack([np.bincount(pixels[:, channel].ravel(), minlength=256) for channel in range(pixels.shape[1])])


def mean_and_std(counts: Histogram) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, of pixels in [0, 1]; computed in whole numbers, so that they do not
    depend on the order of the images."""
    levels, pixels = np.arange(256), int(counts[0].sum())
    sums, squares = (counts @ levels).tolist(), (counts @ levels**2).tolist()
    mean = tuple(total / (255 * pixels) for total in sums)
    return mean, tuple(
        math.sqrt(pixels * square - total**2) / (255 * pixels) for total, square in zip(sums, squares, strict=True)
    )
