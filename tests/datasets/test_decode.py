import io
import struct
import time
import zlib

import numpy as np
import pytest
from image_sets import encoded, noise
from PIL import ExifTags, Image, ImageOps

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import decode, is_grey, open_image
from twin_alignment.errors import InputError
from twin_alignment.models.image_folder import find_images
from twin_alignment.prefetch import cores, map_in_order
from twin_alignment.torchvision_shim import torchvision

COLOUR = noise("colour", (40, 60, 3))


def test_lossless_files_keep_their_pixels():
    for kind in ("PNG", "BMP", "TIFF", "PPM"):
        np.testing.assert_array_equal(decode("a", encoded(COLOUR, kind), "RGB", None), COLOUR)
    np.testing.assert_array_equal(decode("a", encoded(COLOUR[..., 0]), "L", None), COLOUR[..., 0])


def test_greyscale_becomes_colour_where_the_others_have_colour():
    pixels = decode("a", encoded(COLOUR[..., 0]), "RGB", None)
    np.testing.assert_array_equal(pixels, np.stack([COLOUR[..., 0]] * 3, -1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_composed_on_white(kind):
    """By the formula, to the rounding of one step."""
    alpha = noise("alpha", (40, 60, 1))
    alpha[:20] = 0  # of which WebP does not keep the colours
    file = io.BytesIO()
    Image.fromarray(np.dstack([COLOUR, alpha])).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
    share = alpha / 255
    expected = COLOUR * share + 255 * (1 - share)
    assert abs(decode("a", file.getvalue(), "RGB", None) - expected).max() <= 1
    if kind != "WEBP":
        grey = encoded(np.dstack([COLOUR[..., :1], alpha]), kind)
        assert abs(decode("a", grey, "L", None) - expected[..., 0]).max() <= 1


@pytest.mark.parametrize(("mode", "clear"), [("RGB", (10, 20, 30)), ("L", 10), ("P", 3)])
def test_a_colour_declared_transparent_is_white(mode, clear):
    image = Image.new(mode, (4, 2), clear)
    if mode == "P":
        image.putpalette(range(30))
    image.putpixel((0, 0), (9, 9, 9) if mode == "RGB" else 9)
    opaque = np.asarray(image.convert("RGB"))[0, 0]
    file = io.BytesIO()
    image.save(file, "PNG", transparency=clear)
    found = decode("a", file.getvalue(), "RGB", None)
    assert found[0, 0].tolist() == opaque.tolist()
    assert (found.reshape(-1, 3)[1:] == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_upright_as_pillow_turns_it(kind, orientation):
    image, file = Image.fromarray(COLOUR), io.BytesIO()
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = orientation
    image.save(file, kind, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(file))
    assert expected.size == ((60, 40) if orientation < 5 else (40, 60))
    np.testing.assert_array_equal(decode("a", file.getvalue(), "RGB", None), np.asarray(expected.convert("RGB")))
    small = decode("a", file.getvalue(), "RGB", 16)
    shape = torchvision.transforms.Compose([torchvision.transforms.Resize(16), torchvision.transforms.CenterCrop(16)])(
        expected.convert("RGB")
    )
    np.testing.assert_array_equal(small, np.asarray(shape))


@pytest.mark.parametrize(("mode", "expected"), [("L", True), ("1", True), ("LA", True), ("RGB", False), ("P", False)])
def test_an_image_without_colour_is_greyscale(mode, expected):
    assert is_grey(open_image("a", encoded(COLOUR, mode=mode))) == expected


@pytest.mark.parametrize("shape", [(300, 420), (256, 256), (90, 1000), (30, 31)])
@pytest.mark.parametrize("size", [224, 128, 127, 32])
def test_size_is_torchvisions_resize_and_centre_crop(shape, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    shorter = {224: 256, 128: 146, 127: 127, 32: 32}[size]
    transforms = torchvision.transforms
    expected = transforms.CenterCrop(size)(transforms.Resize(shorter)(Image.fromarray(pixels)))
    np.testing.assert_array_equal(decode("a", encoded(pixels), "RGB", size), np.asarray(expected))


def test_shrinking_averages():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[::2] = 200
    shrunk = decode("a", encoded(stripes), "L", 16)[2:-2, 2:-2]
    assert abs(shrunk.astype(int) - 100).max() <= 2


def _png(width, height, depth, rows):
    """A colour PNG made by hand: PIL writes none of 16 bits."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    parts = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


DEEP_COLOUR = _png(2, 1, 16, b"\x00" + b"\x12\x34" * 6)


def _tiff(bits):
    """A colour TIFF of 2 x 1 pixels made by hand: PIL writes none of 16 bits."""
    fields = ((256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 3, 122), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 128))
    fields += ((277, 3, 1, 3), (278, 3, 1, 1), (279, 4, 1, 2 * 3 * bits // 8))
    entries = b"".join(struct.pack("<HHII", *one) for one in fields)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 9) + entries + bytes(4) + struct.pack("<3H", *[bits] * 3) + bytes(12)


DEEP = (
    encoded(np.full((4, 4), 3000, np.uint16)),
    encoded(np.full((4, 4), 3000, np.uint16), "TIFF"),
    encoded(np.full((4, 4), 0.5, np.float32), "TIFF"),
    DEEP_COLOUR,
    _tiff(16),
    b"P6 2 1 65535\n" + b"\x12\x34" * 6,
    b"P6 2 1 1023\n" + b"\x02\x34" * 6,
    b"P5 2 1 1023\n" + b"\x02\x34" * 2,
)
BROKEN = {
    "empty": b"",
    "text": b"not an image at all",
    "cut png": encoded(COLOUR)[:2000],
    "cut jpeg": encoded(COLOUR, "JPEG")[:500],
    "flipped png": encoded(COLOUR)[:100] + b"\x00" * 50 + encoded(COLOUR)[150:],
    "cut tiff": encoded(COLOUR, "TIFF")[:2000],
    "gif": encoded(COLOUR, "GIF"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named(name):
    with pytest.raises(SettingsError, match=f"{name}: not an image that can be decoded"):
        decode(name, BROKEN[name], "RGB", None)


def test_more_than_8_bits_are_refused_as_they_would_be_clipped():
    for data in DEEP:
        with pytest.raises(SettingsError, match="deep: has more than 8 bits a channel"):
            decode("deep", data, "RGB", None)


def test_a_strip_is_cut_before_it_is_enlarged():
    """To 224 pixels of height it would have 15 million columns, 43 GB in all."""
    strip = np.repeat(np.arange(60_000, dtype=np.uint16)[None] // 256, 1, 0).astype(np.uint8)
    found = decode("strip", encoded(strip), "L", 224)
    assert found.shape == (224, 224)
    assert abs(found.astype(int) - 30_000 // 256).max() <= 1  # its middle


def test_colour_among_greyscale_is_named():
    with pytest.raises(SettingsError, match=r"odd: expected a greyscale image, .* got colour \(RGB\)"):
        decode("odd", encoded(COLOUR), "L", None)


def test_order_is_kept_and_little_is_read_ahead():
    taken = []

    def slow_at_times(number):
        time.sleep(0.002 if number % 7 == 0 else 0)
        return number

    for number, result in enumerate(map_in_order(slow_at_times, (taken.append(n) or n for n in range(300)))):
        assert result == number
        assert len(taken) < number + 10 * cores()
    assert len(taken) == 300


@pytest.mark.parametrize("data", [*DEEP, encoded(COLOUR), encoded(COLOUR, "TIFF"), encoded(COLOUR, "JPEG")])
def test_a_folder_of_images_refuses_the_same_files(tmp_path, data):
    (tmp_path / "image.png").write_bytes(data)  # whatever a file is called
    if data in DEEP:
        with pytest.raises(InputError, match=r"image\.png: cannot be read as an image \(more than 8 bits a channel\)"):
            find_images(tmp_path)
    else:
        assert find_images(tmp_path).names == ("image.png",)
