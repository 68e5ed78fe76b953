"""From image files to pixels of one size, by Pillow."""

import io
import struct

import numpy as np
import PIL.ImageFile
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.config.base import SettingsError
from pipeline.datasets.source_images import Mode, Pixels
from twin_alignment.image_depth import is_deep
from twin_alignment.white_background import on_white

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")  # whatever a file is called
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_CROPPED_FROM = 128  # from this size on, borders are cropped as is usual for ImageNet: 224 pixels out of 256
_STRIP = 64  # longer sides than so many times the shorter are cut first: one pixel by 60,000 would fill the memory


def open_image(name: str, data: bytes) -> PIL.ImageFile.ImageFile:
    """Read an image's header; raises SettingsError that names a file that is not an image."""
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except _BROKEN as error:
        raise _unreadable(name, error) from None


def is_grey(image: Image.Image) -> bool:
    """True for a greyscale image."""
    return image.mode in ("1", "L", "LA", "La")


def decode(name: str, data: bytes, mode: Mode, size: int | None) -> Pixels:
    """Decode one image file.

    Its EXIF orientation is applied, so that it is upright as viewers show it; transparency is composed on white. To
    change the size, the shorter side is brought to `size` (from 128 on to `size` * 256 / 224) by antialiased bilinear
    resampling, and the centre is cropped. Of a file with several images the first is taken.

    Args:
        name: what messages call it.
        data: the file's bytes.
        mode: greyscale becomes RGB where that is asked for.
        size: height = width in pixels; None: as it is.

    Returns:
        uint8 [H, W, 3], or [H, W] for the mode `L`.

    Raises:
        SettingsError: names a file that is broken, in colour where `L` is asked for, or has more than 8 bits a channel.
    """
    image = open_image(name, data)
    if mode == "L" and not is_grey(image):
        raise SettingsError(f"{name}: expected a greyscale image, as those before are, got colour ({image.mode})")
    try:
        deep = is_deep(image, data)
        ImageOps.exif_transpose(image, in_place=True)
        pixels = on_white(image).convert(mode)
    except _BROKEN as error:
        raise _unreadable(name, error) from None
    if deep:
        raise SettingsError(f"{name}: has more than 8 bits a channel ({image.mode}); convert it to 8")
    return np.asarray(pixels if size is None else _fit(pixels, size))


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
