"""A split as archives of image files, decoded when they are shown: half the room of their pixels or less.

Archives are zip files without compression, of the same number of images each, in the order of the split. An index says
where each image is, so that no archive's own directory is read, and has its checksum, which is compared whenever the
image is read.
"""

import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
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
from pipeline.datasets.blocks import Block, First, Histogram, Shape, decode_block, histogram, read_blocks
from pipeline.datasets.decode import decode
from pipeline.datasets.prefetch import cores, map_in_order
from pipeline.datasets.source_images import ImageFiles, Mode, Pixels, SourceSplit
from pipeline.system.files import SHARD, write_atomically

IMAGES = 16_384  # of a shard; 1.2 GB of 224 x 224 pixels, and what is lost of a stopped `prepare` at most

_PLACE = np.dtype([("shard", "<u4"), ("offset", "<u8"), ("length", "<u4"), ("checksum", "<u4"), ("size", "<u4")])
_HEADER = 30  # bytes of a member before its name
_PIECES = 4  # that each thread has of the images that are asked for

Places = npt.NDArray[Any]  # of _PLACE
Packed = tuple[bytes, int]  # an image file, and the size that it is decoded to; 0: as it is


def write_files(folder: Path, split: str, source: SourceSplit, first: First, label: str) -> Histogram:
    """Write a split as shards; images are decoded and packed by all cores.

    Shards of an attempt that was stopped are reused where the images read now are those they were written from; these
    are read and compared, not decoded. Raises as `decode_block`, OSError on a full disk.
    """
    count, places, counts = len(source.labels), [], np.zeros((first.shape[0], 256), np.int64)
    paths = [_path(folder, split, number) for number in range(-(-count // IMAGES))]
    for old in {*folder.glob(f"{split}-*{SHARD}")}.difference(paths):  # of images that the source has no longer
        old.unlink()
    for number, path in enumerate(paths):
        rows = number * IMAGES, min((number + 1) * IMAGES, count)
        shard = _reused(path, source.images, *rows) or _written(path, source.images, *rows, first, label)
        shard[0]["shard"] = number
        places.append(shard[0])
        counts += shard[1]
    np.save(_index(folder, split), np.concatenate(places))
    return counts


def _reused(path: Path, images: Pixels | ImageFiles, start: int, stop: int) -> tuple[Places, Histogram] | None:
    """Places and pixel counts of a finished shard, if it was written from these images."""
    note = _note(path)
    if not note.is_file():
        return None
    digest = _digest(images)
    for _ in _hashed(read_blocks(images, start, stop), digest):
        pass
    with np.load(note) as values:
        if str(values["digest"]) == digest.hexdigest():
            return values["places"], values["counts"]
    note.unlink()
    return None


def _written(
    path: Path, images: Pixels | ImageFiles, start: int, stop: int, first: First, label: str
) -> tuple[Places, Histogram]:
    """Write a shard and, next to it until the store is finished, a note of the images that it was written from."""
    places, counts, digest = np.zeros(stop - start, _PLACE), np.zeros((first.shape[0], 256), np.int64), _digest(images)

    def pack(block: Block) -> tuple[list[Packed], Histogram]:
        pixels = decode_block(images, block, first)
        contents = [data for _, data in block.files] or [b""] * len(pixels)
        size = images.size if isinstance(images, ImageFiles) else None
        return [packed(*pair, size) for pair in zip(pixels, contents, strict=True)], histogram(pixels)

    def write(temporary: Path) -> None:
        blocks = _hashed(read_blocks(images, start, stop, f"{label} from {start:,}"), digest)
        row = 0
        with ZipFile(temporary, "w") as archive:
            for files, part in map_in_order(pack, blocks):
                np.add(counts, part, out=counts)
                for data, size in files:
                    kind = str(Image.open(io.BytesIO(data)).format).lower()
                    member = ZipInfo(f"{start + row:08d}.{kind}")  # its date is always the same
                    archive.writestr(member, data)
                    offset = member.header_offset + _HEADER + len(member.filename)
                    places[row] = (0, offset, len(data), member.CRC, size)
                    row += 1

    write_atomically(path, write)
    note = {"digest": digest.hexdigest(), "places": places, "counts": counts}
    write_atomically(_note(path), lambda temporary: _save_arrays(temporary, note))
    return places, counts


def _save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)


def _digest(images: Pixels | ImageFiles) -> "hashlib._Hash":
    """A digest of all that decides a shard apart from its images."""
    settings = (images.mode, images.size) if isinstance(images, ImageFiles) else images.shape[1:]
    return hashlib.sha256(f"{PIL.__version__} {settings}".encode())


def _hashed(blocks: Iterable[Block], digest: "hashlib._Hash") -> Iterator[Block]:
    """The blocks, which are added to a digest."""
    for block in blocks:
        contents = [data for _, data in block.files] if block.pixels is None else [block.pixels.tobytes()]
        for data in contents:
            digest.update(f" {len(data)} ".encode())
            digest.update(data)
        yield block


def packed(pixels: Pixels, data: bytes, size: int | None) -> Packed:
    """Choose the smaller of the file that an image came in and its pixels, compressed without loss.

    Photographs of 224 x 224 pixels take 11 ms of a core as this kind of lossless WebP, 0.44 of their bytes where there
    is much detail, and 1.2 ms to decode; other kinds take 2 to 50 ms for 0.49 to 0.42. Grey levels are PNG, as WebP has
    only colours.

    Args:
        pixels: uint8 [C, H, W].
        data: the file that they were decoded from, if any.
        size: height = width that it was decoded to; None: its own.
    """
    file = io.BytesIO()
    if len(pixels) == 1:
        Image.fromarray(pixels[0]).save(file, "PNG")
    else:
        Image.fromarray(pixels.transpose(1, 2, 0)).save(file, "WEBP", lossless=True, method=2, quality=20)
    compressed = file.getvalue()
    return (data, size or 0) if data and len(data) <= len(compressed) else (compressed, 0)


def _path(folder: Path, split: str, number: int) -> Path:
    return folder / f"{split}-{number:05d}{SHARD}"


def _note(shard: Path) -> Path:
    return shard.with_suffix(".npz")


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
