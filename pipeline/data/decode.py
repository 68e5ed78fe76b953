"""From image files to arrays of one size, decoded by a pool of threads in the given order."""

import io
import os
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.data.packing import PackedImage, packed
from pipeline.data.source_images import Pixels
from pipeline.settings.base import SettingsError

Mode = Literal["RGB", "L"]

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP")  # whatever a file is called
_GREY = ("1", "L", "LA")  # PIL's modes
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_CROPPED_FROM = 128  # from this size on, borders are cropped as is usual for ImageNet: 224 pixels out of 256
_STRIP = 64  # longer sides than so many times the shorter are cut first: one pixel by 60,000 would fill the memory
_WAITING = 4  # images decoded ahead, for each thread


def colour_mode(name: str, data: bytes) -> Mode:
    """`L` for a greyscale image, otherwise `RGB`; the first training image decides for all of its set."""
    return "L" if _open(name, data).mode in _GREY else "RGB"


def decode(name: str, data: bytes, mode: Mode, size: int | None) -> Pixels:
    """One image file to uint8 [H, W, 3] or [H, W], of `size` x `size` pixels where that is given.

    Greyscale becomes RGB where the mode asks for it; an alpha channel is dropped, an EXIF orientation not applied. To
    change the size, the shorter side is brought to `size` (from 128 on to `size` * 256 / 224) by antialiased bilinear
    resampling, and the centre is cropped. Raises SettingsError that names a file which cannot be used.
    """
    image = _open(name, data)
    if image.mode in _DEEP or _deep_png(data):
        raise SettingsError(f"{name}: has more than 8 bits a channel ({image.mode}); convert it to 8")
    if mode == "L" and image.mode not in _GREY:
        raise SettingsError(
            f"{name}: is a colour image ({image.mode}), but the first training image is greyscale; "
            "convert all images to greyscale, or the first one to RGB"
        )
    try:
        pixels = image.convert(mode)
    except _BROKEN as error:
        raise _unreadable(name, error) from None
    return np.asarray(pixels if size is None else _fit(pixels, size))


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image in the file that its source has, and how it is decoded."""

    name: str
    data: bytes
    mode: Mode
    size: int | None

    def pixels(self) -> Pixels:
        """As `decode`."""
        return decode(self.name, self.data, self.mode, self.size)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image on its way into a store."""

    pixels: Pixels
    label: int
    packed: PackedImage | None  # where that is what is stored


def decode_all(items: Iterable[tuple[Pixels | ImageFile, int]], pack: bool = False) -> Iterator[Decoded]:
    """Images and labels in order, decoded and packed by a pool of threads; a bounded number of them is in memory.

    Raises SettingsError that names the first file of another size than the first one.
    """
    first: tuple[str, tuple[int, ...]] | None = None
    for name, decoded in _decode_ahead(items, pack):
        shape = decoded.pixels.shape[:2]
        first = first or (name, shape)
        if name and shape != first[1]:
            (height, width), (first_height, first_width) = shape, first[1]
            raise SettingsError(
                f"{name}: is {width} x {height} pixels, {first[0]} is {first_width} x {first_height}: "
                "set the dataset's `size` to bring all to one"
            )
        yield decoded


def _decode_ahead(items: Iterable[tuple[Pixels | ImageFile, int]], pack: bool) -> Iterator[tuple[str, Decoded]]:
    threads = cores()
    waiting: deque[tuple[str, Future[Decoded]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for image, label in items:
            if not (pack or isinstance(image, ImageFile)):  # pixels already
                yield "", Decoded(image, label, None)
                continue
            name = image.name if isinstance(image, ImageFile) else ""
            waiting.append((name, pool.submit(_decoded, image, label, pack)))
            if len(waiting) > _WAITING * threads:
                first_name, decoded = waiting.popleft()
                yield first_name, decoded.result()
        for name, decoded in waiting:
            yield name, decoded.result()


def _decoded(image: Pixels | ImageFile, label: int, pack: bool) -> Decoded:
    if not isinstance(image, ImageFile):
        return Decoded(image, label, packed(image) if pack else None)
    pixels = image.pixels()
    return Decoded(pixels, label, packed(pixels, image.data, image.size) if pack else None)


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _deep_png(data: bytes) -> bool:
    """Of colours with 16 bits PIL keeps 8 without a word; byte 24 of a PNG is its depth."""
    return data.startswith(b"\x89PNG\r\n\x1a\n") and data[24:25] > b"\x08"


def _open(name: str, data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except _BROKEN as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: BaseException) -> SettingsError:
    reason = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
    return SettingsError(f"{name}: not an image that can be decoded{reason}")


def _fit(image: Image.Image, size: int) -> Image.Image:
    image = _middle(image, *(min(side, _STRIP * min(image.size)) for side in image.size))
    short = round(size * 256 / 224) if size >= _CROPPED_FROM else size
    width, height = (int(short * side / min(image.size)) for side in image.size)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return _middle(resized, size, size)


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))
