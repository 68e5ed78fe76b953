"""A split as one array of pixels that is mapped into memory."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np

from pipeline.datasets.decoding import Histogram, Shape, histogram, read_pixels
from pipeline.datasets.source_images import Pixels, SourceSplit


def write_pixels(folder: Path, split: str, source: SourceSplit, shape: Shape, label: str) -> Histogram:
    """Write a split block by block: the images need not fit into memory. Raises as `decode_block`, and OSError where
    the disk has no room for them all."""
    array = _reserved(folder / f"{split}_images.npy", (len(source.labels), *shape))
    counts, row = np.zeros((shape[0], 256), np.int64), 0
    for pixels in read_pixels(source.images, shape, label, len(array)):
        array[row : row + len(pixels)] = pixels
        counts += histogram(pixels)
        row += len(pixels)
    return counts


def _reserved(path: Path, shape: tuple[int, ...]) -> Pixels:
    """A mapped file of zeros, with its room on the disk: without it a full disk kills the process (SIGBUS). Raises
    OSError where there is none."""
    try:
        array: Pixels = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        size = path.stat().st_size
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        elif size > shutil.disk_usage(path.parent).free:  # macOS
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:  # which does not say where
        raise OSError(error.errno, error.strerror, str(path)) from None
    return array
