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
import PIL.ImageFile
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from pipeline.config.base import SettingsError
from pipeline.datasets.packing import PackedImage, packed
from pipeline.datasets.source_images import Pixels

Mode = Literal["RGB", "L"]

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")  # whatever a file is called
_GREY = ("1", "L", "LA", "La")  # PIL's modes
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_CROPPED_FROM = 128  # from this size on, borders are cropped as is usual for ImageNet: 224 pixels out of 256
_STRIP = 64  # longer sides than so many times the shorter are cut first: one pixel by 60,000 would fill the memory
_WAITING = 4  # images decoded ahead, for each thread
_UPRIGHT = {  # EXIF's orientation: what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What an image file says of itself before it is decoded."""

    mode: Mode
    size: tuple[int, int]  # width and height, before it is turned upright


def read_header(name: str, data: bytes) -> Header:
    """Colour mode, `L` for greyscale, and size of an image file; raises SettingsError that names one that is none."""
    image = _open(name, data)
    return Header("L" if image.mode in _GREY else "RGB", image.size)


def decode(name: str, data: bytes, mode: Mode, size: int | None) -> Pixels:
    """One image file to uint8 [H, W, 3] or [H, W], of `size` x `size` pixels where that is given.

    Its EXIF orientation is applied, so that it is upright as viewers show it; transparency is composed on white; grey
    becomes RGB where the mode asks for it. To change the size, the shorter side is brought to `size` (from 128 on to
    `size` * 256 / 224) by antialiased bilinear resampling, and the centre is cropped. Of a file with several images the
    first is taken. Raises SettingsError that names a file which cannot be used.
    """
    image = _open(name, data)
    if mode == "L" and image.mode not in _GREY:
        raise SettingsError(f"{name}: expected a greyscale image, as those before are, got colour ({image.mode})")
    try:
        pixels = None if _is_deep(image, data) else _on_white(_upright(image)).convert(mode)
    except _BROKEN as error:
        raise _unreadable(name, error) from None
    if pixels is None:
        raise SettingsError(f"{name}: has more than 8 bits a channel ({image.mode}); convert it to 8")
    return np.asarray(pixels if size is None else _fit(pixels, size))


def _upright(image: Image.Image) -> Image.Image:
    image.load()  # after which PIL has turned a TIFF already, and says so
    turn = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white


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


def _is_deep(image: PIL.ImageFile.ImageFile, data: bytes) -> bool:
    """Whether channels have more than 8 bits. Of colours PIL keeps 8 of them without a word: byte 24 of a PNG is its
    depth, a TIFF has a tag, and a PPM its largest value, which the decoder is told."""
    if image.mode in _DEEP:
        return True
    if image.format == "PNG":
        return data[24] > 8
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return bool(max(image.tag_v2.get(ExifTags.Base.BitsPerSample, (8,))) > 8)
    told = image.tile[0].args if image.format == "PPM" else None
    return isinstance(told, tuple) and int(told[-1]) > 255


def _open(name: str, data: bytes) -> PIL.ImageFile.ImageFile:
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
