"""A split as archives of image files, decoded when they are shown: half the room of their pixels or less.

Archives are plain zip files without compression, of so many images each in the order of the split. An index beside them
says where each image lies, so that no archive's own directory is read, and has its checksum, which is compared whenever
the image is read.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt
import PIL

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import ImageFile, Mode, cores, decode
from pipeline.datasets.moments import Moments
from pipeline.datasets.rows import Shape, SplitOf, Written, check_count, rows
from pipeline.datasets.source_images import Pixels, SourceSplit
from pipeline.system.files import SHARD, write_atomically
from twin_alignment.progress import track

IMAGES = 16_384  # of a shard; 1.2 GB of 224 x 224 pixels, and what is lost of a stopped `prepare` at most

_PLACE = np.dtype([("shard", "<u4"), ("offset", "<u8"), ("length", "<u4"), ("checksum", "<u4"), ("size", "<u4")])
_NOTE = ".npz"
_HEADER = 30  # bytes of a member before its name
_PIECES = 4  # that each thread has of the images that are asked for

Places = npt.NDArray[Any]  # of _PLACE
Items = Iterable[tuple[Pixels | ImageFile, int]]


class SourceChangedError(Exception):
    """Images are not those that finished shards were made of; these are gone, so that the next attempt succeeds."""


# -- writing ----------------------------------------------------------------------------------------------------------


def write_shards(folder: Path, of: SplitOf, source: SourceSplit, shape: Shape | None) -> Written:
    """Images are decoded and packed by all cores, and written in order.

    Shards that are there already, of an attempt that was stopped, stay where the images read now are those they were
    made of; they are read and compared, not decoded. Raises as `rows`, SourceChangedError where they are not, OSError
    on a full disk.
    """
    items = iter(track(source.items, of.count, f"prepare {of.name}"))
    parts, found = [], 0
    for number in range(-(-of.count // IMAGES)):
        part = _shard(folder, of, number, islice(items, IMAGES), shape)
        found += len(part.places)
        shape = part.written.shape
        parts.append(part)
        if len(part.places) < IMAGES:
            break
    check_count(of, found + sum(1 for _ in islice(items, 1)))
    moments = Moments()
    for part in parts:
        moments.merge(part.written.moments)
    assert shape is not None  # there was an image
    np.save(_index(folder, of.split), np.concatenate([part.places for part in parts]))
    return Written(shape, np.concatenate([part.written.labels for part in parts]), moments)


@dataclass(frozen=True)
class _Part:
    """Of a split, in a shard: where its images lie, and what is known of them."""

    places: Places
    written: Written


def _shard(folder: Path, of: SplitOf, number: int, items: Items, shape: Shape | None) -> _Part:
    """Of the images that are still to come; without any where there are none."""
    note = _note(folder, of.split, number)
    seen = hashlib.sha256(PIL.__version__.encode())
    if note.is_file():
        for _ in _seen(items, seen):
            pass
        digest, part = _read_note(note)
        if digest != seen.hexdigest():
            _forget(folder, of.split, number)
            raise SourceChangedError(f"{of.name}: images are not those that {_path(folder, of.split, number)} has")
        return part
    part = _write_shard(folder, of, number, _seen(items, seen), shape)
    write_atomically(note, lambda temporary: _write_note(temporary, seen.hexdigest(), part))
    return part


def _write_shard(folder: Path, of: SplitOf, number: int, items: Items, shape: Shape | None) -> _Part:
    places, labels, moments = np.zeros(IMAGES, _PLACE), np.empty(IMAGES, np.int64), Moments()
    found = 0

    def write(temporary: Path) -> None:
        nonlocal found, shape
        with ZipFile(temporary, "w") as archive:
            for row in rows(of, items, shape, number * IMAGES, pack=True):
                assert row.packed is not None  # as it is asked for
                member = ZipInfo(f"{number * IMAGES + found:08d}.{row.packed.format}")  # its date is always the same
                archive.writestr(member, row.packed.data)
                offset = member.header_offset + _HEADER + len(member.filename)
                places[found] = (number, offset, len(row.packed.data), member.CRC, row.packed.size)
                labels[found] = row.label
                moments.add(row.image)
                shape = row.image.shape[0], row.image.shape[1], row.image.shape[2]
                found += 1

    write_atomically(_path(folder, of.split, number), write)
    return _Part(places[:found], Written(shape or (0, 0, 0), labels[:found], moments))


def _seen(items: Items, seen: "hashlib._Hash") -> Iterator[tuple[Pixels | ImageFile, int]]:
    """The items, with all that decides their shard added to a digest."""
    for image, label in items:
        how, data = (
            ((image.mode, image.size), image.data)
            if isinstance(image, ImageFile)
            else (image.shape, np.ascontiguousarray(image).tobytes())
        )
        seen.update(f"{how} {label} {len(data)} ".encode())
        seen.update(data)
        yield image, label


def _write_note(path: Path, digest: str, part: _Part) -> None:
    with path.open("wb") as file:
        np.savez(
            file,
            digest=digest,
            places=part.places,
            shape=part.written.shape,
            labels=part.written.labels,
            pixels=part.written.moments.pixels,
            sums=part.written.moments.sums,
            squares=part.written.moments.squares,
        )


def _read_note(path: Path) -> tuple[str, _Part]:
    with np.load(path) as found:
        channels, height, width = found["shape"].tolist()
        moments = Moments(int(found["pixels"]), found["sums"], found["squares"])
        return str(found["digest"]), _Part(
            found["places"], Written((channels, height, width), found["labels"], moments)
        )


def forget_notes(folder: Path) -> None:
    """Of all splits, once all are finished."""
    for note in folder.glob(f"*{_NOTE}"):
        note.unlink()


def _forget(folder: Path, split: str, first: int) -> None:
    """That shards from the first on are finished."""
    for note in folder.glob(f"{split}-*{_NOTE}"):
        if note >= _note(folder, split, first):
            note.unlink()


def _path(folder: Path, split: str, number: int) -> Path:
    return folder / f"{split}-{number:05d}{SHARD}"


def _note(folder: Path, split: str, number: int) -> Path:
    """Beside a finished shard, until the whole store is finished."""
    return folder / f"{split}-{number:05d}{_NOTE}"


def _index(folder: Path, split: str) -> Path:
    return folder / f"{split}_index.npy"


# -- reading ----------------------------------------------------------------------------------------------------------


class Shards:
    """uint8 images [N, C, H, W] of a split, which are decoded when they are asked for."""

    def __init__(self, folder: Path, split: str, shape: Shape) -> None:
        self._folder, self._split = folder, split
        self._places: Places = np.load(_index(folder, split), allow_pickle=False)
        if self._places.dtype != _PLACE:
            raise ValueError(f"{split}_index.npy has {self._places.dtype}")
        self.shape = (len(self._places), *shape)
        self._mode: Mode = "L" if shape[0] == 1 else "RGB"
        self._files = [_path(folder, split, number).open("rb") for number in np.unique(self._places["shard"])]

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Pixels:
        """Raises SettingsError that names the shard of an image that is not as it was written."""
        return self.ask(rows)()

    def ask(self, rows: npt.NDArray[np.int64]) -> Callable[[], Pixels]:
        """Have images decoded by other threads; what is returned waits for them, and gives them."""
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
            name = f"{_path(self._folder, self._split, shard)} image {row}"
            if zlib.crc32(data) != checksum:
                raise SettingsError(f"{name}: not as it was written; prepare the dataset again")
            pixels = decode(name, data, self._mode, size or None)
            image[...] = pixels if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


@cache
def _pool() -> ThreadPoolExecutor:
    """One for all sets of a process."""
    return ThreadPoolExecutor(cores())
