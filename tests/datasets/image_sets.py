"""Small image sets made on the spot."""

import io
import zipfile

import numpy as np
from PIL import Image

from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.references import load
from pipeline.datasets.decoding import read_pixels, shape_of
from pipeline.datasets.preparation import prepare


def encoded(pixels, kind="PNG", mode=None):
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, kind)
    return file.getvalue()


def noise(name, shape=(6, 5, 3)):
    """Pixels that go with a file's name."""
    return np.random.default_rng(list(name.encode())).integers(0, 256, shape, np.uint8)


def write_zip(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
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


def prepare_folder(tree, out, **settings):
    """Store of a folder or archive of images."""
    return prepare("toy", SourceSettings(source="folder", paths=(str(tree),), **settings), out.parent / "none", out)


def contents(folder):
    """{name: bytes} of a folder's files."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def stored(images):
    """[(label, image [H, W, C] or [H, W])] of both splits of a source."""
    for split in (images.train, images.test):
        pixels = read_pixels(split.images, shape_of(split.images), "read", len(split.labels))
        planes = np.concatenate(list(pixels))
        rows = planes[:, 0] if planes.shape[1] == 1 else planes.transpose(0, 2, 3, 1)
        yield list(zip(split.labels.tolist(), rows, strict=True))


def same(items, expected):
    """Whether labels and pixels are those expected, in order."""
    pairs = list(zip(items, expected, strict=True))
    return all(a == b and np.array_equal(x, y) for (a, x), (b, y) in pairs) and len(pairs) > 0
