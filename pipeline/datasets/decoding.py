"""A split's images in blocks, decoded by all cores, in the order in which they are stored."""

import io
import math
from collections.abc import Iterator
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import decode
from pipeline.datasets.source_images import ImageFiles, Pixels
from twin_alignment.prefetch import map_in_order
from twin_alignment.progress import track

BLOCK = 64  # images

Shape = tuple[int, int, int]  # channels, height, width
Histogram = npt.NDArray[np.int64]  # [C, 256]: numbers of pixels by channel and level
Block = list[tuple[str, bytes]]  # names and contents of image files


def as_files(images: Pixels | ImageFiles) -> ImageFiles:
    """Images as files, which pixels become when they are read."""
    if isinstance(images, ImageFiles):
        return images

    def read(start: int, stop: int) -> Iterator[tuple[str, bytes]]:
        for row in range(start, stop):
            file = io.BytesIO()
            Image.fromarray(images[row]).save(file, "PNG")
            yield f"image {row}", file.getvalue()

    return ImageFiles(read, "L" if images.ndim == 3 else "RGB", None)


def shape_of(images: Pixels | ImageFiles) -> Shape:
    """Shape of the first image."""
    if not isinstance(images, np.ndarray):
        images = decode_block(images, None, list(images.read(0, 1)))
        return images.shape[1], images.shape[2], images.shape[3]
    return (images.shape[3] if images.ndim == 4 else 1, images.shape[1], images.shape[2])


def read_blocks(images: ImageFiles, start: int, stop: int, label: str) -> Iterator[Block]:
    """Read the images of some rows, with progress under a label."""
    items = iter(track(images.read(start, stop), stop - start, label))
    while block := list(islice(items, BLOCK)):
        yield block


def decode_block(images: ImageFiles, shape: Shape | None, block: Block) -> Pixels:
    """Decode a block to uint8 [n, C, H, W]. Raises SettingsError that names an image that is not of a given shape."""
    decoded = []
    for name, data in block:
        pixels = decode(name, data, images.mode, images.size)
        if shape and pixels.shape[:2] != shape[1:]:
            raise SettingsError(
                f"{name}: expected {shape[2]} x {shape[1]} pixels, as the first image has, got "
                f"{pixels.shape[1]} x {pixels.shape[0]}: set the dataset's `size` to bring all to one"
            )
        decoded.append(pixels)
    return _channels_first(np.stack(decoded))


def read_pixels(images: Pixels | ImageFiles, shape: Shape, label: str, count: int) -> Iterator[Pixels]:
    """All images of a split in blocks [n, C, H, W]. Raises as `decode_block`."""
    if isinstance(images, np.ndarray):
        return (_channels_first(images[row : row + BLOCK]) for row in range(0, count, BLOCK))
    return map_in_order(partial(decode_block, images, shape), read_blocks(images, 0, count, label))


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
