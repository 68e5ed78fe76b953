"""Images in less room without loss of a bit: the file that an image came in, or its pixels compressed, whichever is
smaller."""

import io
from dataclasses import dataclass

from PIL import Image

from pipeline.datasets.source_images import Pixels


@dataclass(frozen=True, slots=True)
class PackedImage:
    """A file of an image, and the size that it is decoded to; 0: its own."""

    data: bytes
    size: int

    @property
    def format(self) -> str:
        """Its kind, as file names end."""
        found = Image.open(io.BytesIO(self.data)).format
        assert found is not None  # it was decoded, or made here
        return found.lower()


def packed(pixels: Pixels, data: bytes = b"", size: int | None = None) -> PackedImage:
    """Of uint8 pixels [H, W] or [H, W, 3], and the file they were decoded from to that size, if there is one.

    Photographs of 224 x 224 pixels take 11 ms of a core as this kind of lossless WebP, 0.44 of their bytes where there
    is much detail, and 1.2 ms to decode; other kinds take 2 to 50 ms for 0.49 to 0.42. Grey levels are PNG, as WebP has
    only colours.
    """
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    if pixels.ndim == 2:
        image.save(file, "PNG")
    else:
        image.save(file, "WEBP", lossless=True, method=2, quality=20)
    compressed = file.getvalue()
    if data and len(data) <= len(compressed):
        return PackedImage(data, size or 0)
    return PackedImage(compressed, 0)
