"""Small image sets made on the spot."""

import io
import zipfile

import numpy as np
from PIL import Image

from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.references import load
from pipeline.datasets.decode import decode_all


def encoded(pixels, kind="PNG", mode=None):
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, kind)
    return file.getvalue()


def noise(name, shape=(6, 5, 3)):
    """Pixels that go with a file's name."""
    return np.random.default_rng(list(name.encode())).integers(0, 256, shape, np.uint8)


def write_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def write_folder(path, members):
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def read_source(source, downloads, *paths, **settings):
    """Images of a source, asked for as `prepare` does."""
    spec = SourceSettings(source=source, paths=tuple(map(str, paths)), **settings)
    return load(f"pipeline.datasets.sources.{source}:images")(spec, downloads)


def stored(images):
    """[(label, image [H, W, C])] of both splits of a source."""
    for split in (images.train, images.test):
        items = [(decoded.label, np.array(decoded.pixels)) for decoded in decode_all(split.items)]
        assert len(items) == split.count
        yield items


def same(items, expected):
    """Whether labels and pixels are those expected, in order."""
    pairs = list(zip(items, expected, strict=True))
    return all(a == b and np.array_equal(x, y) for (a, x), (b, y) in pairs) and len(pairs) > 0
