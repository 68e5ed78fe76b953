"""Images with more than 8 bits a channel, of which Pillow silently keeps 8."""

import PIL.ImageFile
from PIL import ExifTags, TiffImagePlugin

_DEEP = ("I", "F")  # beginnings of Pillow's modes of deep grey channels
_PNG_DEPTH = 24  # place of the byte
HEADER = _PNG_DEPTH + 1  # bytes of a file that are needed


def is_deep(image: PIL.ImageFile.ImageFile, header: bytes) -> bool:
    """True if channels have more than 8 bits.

    A PNG has its depth in a byte, a TIFF in a tag, and a PPM its largest value, which the decoder is given.

    Args:
        image: as opened, not converted.
        header: the file's first HEADER bytes, or more.
    """
    if image.mode.startswith(_DEEP):
        return True
    if image.format == "PNG":
        return header[_PNG_DEPTH] > 8
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return bool(max(image.tag_v2.get(ExifTags.Base.BitsPerSample, (8,))) > 8)
    arguments = image.tile[0].args if image.format == "PPM" else None
    return isinstance(arguments, tuple) and int(arguments[-1]) > 255
