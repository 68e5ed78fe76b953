"""A split as one array of pixels that is mapped into memory."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np

from pipeline.datasets.blocks import Block, First, Histogram, decode_block, histogram, read_blocks
from pipeline.datasets.prefetch import map_in_order
from pipeline.datasets.source_images import Pixels, SourceSplit


def write_pixels(folder: Path, split: str, source: SourceSplit, first: First, label: str) -> Histogram:
    """Write a split block by block: the images need not fit into memory. Raises as `decode_block`, and OSError where
    the disk has no room for them all."""
    count = len(source.labels)
    array = _reserved(folder / f"{split}_images.npy", (count, *first.shape))

    def store(block: Block) -> Histogram:
        pixels = decode_block(source.images, block, first)
        array[block.start : block.start + len(pixels)] = pixels
        return histogram(pixels)

    counts = np.zeros((first.shape[0], 256), np.int64)
    for part in map_in_order(store, read_blocks(source.images, 0, count, label)):
        counts += part
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
