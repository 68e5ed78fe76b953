"""Images below a folder, in batches, sorted by path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from twin_alignment.errors import InputError
from twin_alignment.image_depth import HEADER, is_deep
from twin_alignment.models.preprocessing import Preprocessing
from twin_alignment.prefetch import map_in_order
from twin_alignment.progress import say

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif")
MAX_LISTED = 20  # files in a message


@dataclass(frozen=True)
class ImageFolder:
    """Images below a folder.

    Attributes:
        path: the folder.
        names: paths relative to it, with `/`, sorted; they name the rows.
        skips: True where an image that cannot be decoded is left out; otherwise it is an error.
    """

    path: Path
    names: tuple[str, ...]
    skips: bool = False

    def stats(self) -> list[tuple[str, int, int]]:
        """Name, bytes and time of change of every image, by which a resumed extraction knows them."""
        stats = [(name, (self.path / name).stat()) for name in self.names]
        return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


@dataclass(frozen=True)
class ImageBatch:
    """Names of images, and tensors [B, C, H, W] of each preparation."""

    names: tuple[str, ...]
    tensors: tuple[Tensor, ...]


def find_images(path: Path, skip_unreadable: bool = False) -> ImageFolder:
    """Find all images below a folder, and read their headers.

    Hidden files, and files with other endings than SUFFIXES, are no images.

    Args:
        path: the folder.
        skip_unreadable: leave out files that are no images, and list them on standard error.

    Returns:
        The images, sorted by path.

    Raises:
        InputError: there is no such folder, no image, or one that cannot be read.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such folder")
    files = sorted(
        (file.relative_to(path).as_posix(), file)
        for file in path.rglob("*")
        if file.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    files = [(name, file) for name, file in files if file.is_file()]
    bad = {name: reason for name, file in files if (reason := _unreadable(file))}
    if bad and not skip_unreadable:
        name, reason = next(iter(bad.items()))
        more = f", and {len(bad) - 1} more files cannot" if len(bad) > 1 else ""
        raise InputError(
            f"{path / name}: cannot be read as an image ({reason}){more}: --skip-unreadable leaves such files out"
        )
    if bad:
        listed = ", ".join(list(bad)[:MAX_LISTED]) + (f", ... ({len(bad)})" if len(bad) > MAX_LISTED else "")
        say(f"{path}: left out, as they cannot be read: {listed}")
    names = tuple(name for name, _ in files if name not in bad)
    if not names:
        raise InputError(f"{path}: expected images ({', '.join(SUFFIXES)}) in it or below, got none")
    return ImageFolder(path, names, skip_unreadable)


def batches(
    folder: ImageFolder, preprocessings: Sequence[Preprocessing], batch_size: int, first: int = 0
) -> Iterator[ImageBatch]:
    """Yield batches of prepared images in the order of their names, decoded ahead by all cores.

    Args:
        folder: the images.
        preprocessings: one or more; equal ones are computed once.
        batch_size: images of a batch.
        first: number of the first batch.

    Raises:
        InputError: an image cannot be decoded, and the folder does not skip it.
    """
    texts = [preprocessing.text for preprocessing in preprocessings]
    different = {text: texts.index(text) for text in texts}

    def read(name: str) -> tuple[str, dict[str, Tensor] | None]:
        try:
            with Image.open(folder.path / name) as image:
                image.load()
                return name, {text: preprocessings[place](image) for text, place in different.items()}
        except Exception as error:
            reason = f"{folder.path / name}: cannot be decoded ({error})"
            if not folder.skips:
                raise InputError(f"{reason}: --skip-unreadable leaves such files out") from None
            say(f"{reason}, left out")
            return name, None

    decoded = map_in_order(read, iter(folder.names[first * batch_size :]))
    for start in range(first * batch_size, len(folder.names), batch_size):
        count = min(batch_size, len(folder.names) - start)
        images = [(name, tensors) for name, tensors in (next(decoded) for _ in range(count)) if tensors is not None]
        stacked = {text: torch.stack([tensors[text] for _, tensors in images]) for text in different if images}
        yield ImageBatch(tuple(name for name, _ in images), tuple(stacked[text] for text in texts if images))


def batch_count(folder: ImageFolder, batch_size: int) -> int:
    """Return the number of batches."""
    return -(-len(folder.names) // batch_size)


def _unreadable(file: Path) -> str:
    """Return why a file's header is not that of an image; empty where it is."""
    try:
        with file.open("rb") as stream:
            header = stream.read(HEADER)
        with Image.open(file) as image:
            return "more than 8 bits a channel" if is_deep(image, header) else ""
    except Exception as error:  # Pillow raises many types for damaged files
        return "unknown format" if "cannot identify" in str(error) else str(error)
