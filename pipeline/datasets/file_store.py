"""A split as archives of image files, decoded when they are shown: half the room of their pixels or less.

Archives are zip files without compression, of the same number of images each, in the order of the split. An index says
where each image is, so that no archive's own directory is read, and has its checksum, which is compared whenever the
image is read.
"""

import hashlib
import io
import os
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import decode
from pipeline.datasets.decoding import Block, Histogram, Shape, as_files, decode_block, histogram, read_blocks
from pipeline.datasets.source_images import ImageFiles, Mode, Pixels, SourceSplit
from pipeline.system.files import SHARD, write_atomically
from twin_alignment.prefetch import cores, map_in_order

IMAGES = 16_384  # of a shard; 1.2 GB of 224 x 224 pixels, and what is lost of a stopped `prepare` at most

_PLACE = np.dtype([("shard", "<u4"), ("offset", "<u8"), ("length", "<u4"), ("checksum", "<u4"), ("size", "<u4")])
_HEADER = 30  # bytes of a member before its name
_PIECES = 4  # that each thread has of the images that are asked for

Places = npt.NDArray[Any]  # of _PLACE


def write_files(folder: Path, split: str, source: SourceSplit, shape: Shape, label: str) -> Histogram:
    """Write a split as shards; images are decoded and packed by all cores.

    Shards of an attempt that was stopped are reused where the images read now are those they were written from; these
    are read and compared, not decoded. Raises as `decode_block`, OSError on a full disk.
    """
    images, count = as_files(source.images), len(source.labels)
    paths = [_path(folder, split, number) for number in range(-(-count // IMAGES))]
    for old in {*folder.glob(f"{split}-*{SHARD}")}.difference(paths):  # of images that the source has no longer
        old.unlink()
    shards = [
        _shard(path, images, number * IMAGES, min((number + 1) * IMAGES, count), shape, label)
        for number, path in enumerate(paths)
    ]
    places = np.concatenate([places for places, _ in shards])
    places["shard"] = np.arange(count) // IMAGES
    np.save(_index(folder, split), places)
    counts: Histogram = np.sum([counts for _, counts in shards], axis=0)
    return counts


def _shard(path: Path, images: ImageFiles, start: int, stop: int, shape: Shape, label: str) -> tuple[Places, Histogram]:
    """Write a shard and, next to it until the store is finished, a note of the images that it was written from."""
    note, label = path.with_suffix(".npz"), f"{label} from {start:,}"
    digest = hashlib.sha256(f"{PIL.__version__} {images.mode} {images.size}".encode())
    for _, data in images.read(start, stop):
        digest.update(hashlib.sha256(data).digest())
    if note.is_file():
        with np.load(note) as values:
            if str(values["digest"]) == digest.hexdigest():
                return values["places"], values["counts"]
        note.unlink()
    places, counts = np.zeros(stop - start, _PLACE), np.zeros((shape[0], 256), np.int64)

    def pack(block: Block) -> tuple[list[tuple[bytes, int]], Histogram]:
        pixels = decode_block(images, shape, block)
        return [packed(*pair, images.size) for pair in zip(pixels, block, strict=True)], histogram(pixels)

    def write(temporary: Path) -> None:
        row = 0
        with ZipFile(temporary, "w") as archive:
            for files, part in map_in_order(pack, read_blocks(images, start, stop, label)):
                np.add(counts, part, out=counts)
                for data, size in files:
                    kind = str(Image.open(io.BytesIO(data)).format).lower()
                    member = ZipInfo(f"{start + row:08d}.{kind}")  # its date is always the same
                    archive.writestr(member, data)
                    offset = member.header_offset + _HEADER + len(member.filename)
                    places[row] = (0, offset, len(data), member.CRC, size)
                    row += 1

    def write_note(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, digest=digest.hexdigest(), places=places, counts=counts)

    write_atomically(path, write)
    write_atomically(note, write_note)
    return places, counts


def packed(pixels: Pixels, file: tuple[str, bytes], size: int | None) -> tuple[bytes, int]:
    """Choose the smaller of the file that an image came in and its pixels, compressed without loss.

    Photographs of 224 x 224 pixels take 11 ms of a core as this kind of lossless WebP, 0.44 of their bytes where there
    is much detail, and 1.2 ms to decode; other kinds take 2 to 50 ms for 0.49 to 0.42. Grey levels are PNG, as WebP has
    only colours.

    Args:
        pixels: uint8 [C, H, W].
        file: name and contents that they were decoded from.
        size: height = width that it was decoded to; None: its own.

    Returns:
        An image file, and the size that it is to be decoded to; 0: its own.
    """
    compressed = io.BytesIO()
    if len(pixels) == 1:
        Image.fromarray(pixels[0]).save(compressed, "PNG")
    else:
        Image.fromarray(pixels.transpose(1, 2, 0)).save(compressed, "WEBP", lossless=True, method=2, quality=20)
    _, data = file
    return (data, size or 0) if len(data) <= compressed.tell() else (compressed.getvalue(), 0)


def _path(folder: Path, split: str, number: int) -> Path:
    return folder / f"{split}-{number:05d}{SHARD}"


def _index(folder: Path, split: str) -> Path:
    return folder / f"{split}_index.npy"


class StoredFiles:
    """uint8 images [N, C, H, W] of a split, which are decoded when they are asked for."""

    def __init__(self, folder: Path, split: str, shape: Shape) -> None:
        self._places: Places = np.load(_index(folder, split), allow_pickle=False)
        if self._places.dtype != _PLACE:
            raise ValueError(f"{split}_index.npy has {self._places.dtype}")
        self.shape = (len(self._places), *shape)
        self._mode: Mode = "L" if shape[0] == 1 else "RGB"
        self._files = [_path(folder, split, number).open("rb") for number in np.unique(self._places["shard"])]

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Pixels:
        """Raises SettingsError that names the shard of an image that is not as it was written."""
        return self.prefetch(rows)()

    def prefetch(self, rows: npt.NDArray[np.int64]) -> Callable[[], Pixels]:
        """Have images decoded by other threads; the function that is returned waits for them and returns them."""
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        size = max(1, -(-len(rows) // (_PIECES * cores())))
        pieces = [
            _pool().submit(self._decode, rows[start : start + size], images[start : start + size])
            for start in range(0, len(rows), size)
        ]

        def result() -> Pixels:
            for piece in pieces:
                piece.result()
            return images

        return result

    def _decode(self, rows: npt.NDArray[np.int64], images: Pixels) -> None:
        for row, image in zip(rows.tolist(), images, strict=True):
            shard, offset, length, checksum, size = self._places[row].item()
            data = os.pread(self._files[shard].fileno(), length, offset)
            name = f"{self._files[shard].name} image {row}"
            if zlib.crc32(data) != checksum:
                raise SettingsError(f"{name}: not as it was written; prepare the dataset again")
            pixels = decode(name, data, self._mode, size or None)
            image[...] = pixels if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


@cache
def _pool() -> ThreadPoolExecutor:
    """One for all sets of a process."""
    return ThreadPoolExecutor(cores())
