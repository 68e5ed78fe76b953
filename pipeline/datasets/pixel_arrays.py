"""A split as one array of pixels that is mapped into memory."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np

from pipeline.datasets.moments import Moments
from pipeline.datasets.rows import Shape, SplitOf, Written, check_count, rows
from pipeline.datasets.source_images import Pixels, SourceSplit
from twin_alignment.progress import track


def write_array(folder: Path, of: SplitOf, source: SourceSplit, shape: Shape | None) -> Written:
    """One image at a time: ImageNet needs no memory. Raises as `rows`, and OSError where the disk has no room for them
    all."""
    labels, moments, array = np.empty(of.count, np.int64), Moments(), None
    found = 0
    for row in rows(of, track(source.items, of.count, f"prepare {of.name}"), shape):
        found += 1
        if found > of.count:
            break
        if array is None:
            array = _mapped(folder / f"{of.split}_images.npy", (of.count, *row.image.shape))
        array[found - 1], labels[found - 1] = row.image, row.label
        moments.add(row.image)
    check_count(of, found)
    assert array is not None  # there was an image
    return Written((array.shape[1], array.shape[2], array.shape[3]), labels, moments)


def _mapped(path: Path, shape: tuple[int, ...]) -> Pixels:
    """A file of zeros to be written to in memory, with its room on the disk: without it a full disk kills the process
    (SIGBUS). Raises OSError where there is none."""
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


def read_array(folder: Path, split: str) -> Pixels:
    found: Pixels = np.load(folder / f"{split}_images.npy", mmap_mode="r", allow_pickle=False)
    return found
