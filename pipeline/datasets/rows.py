"""A split's images in the order in which they are stored, looked at one by one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.config.base import SettingsError
from pipeline.datasets.decode import Decoded, ImageFile, decode_all
from pipeline.datasets.moments import Moments
from pipeline.datasets.packing import PackedImage
from pipeline.datasets.source_images import Labels, Pixels

Shape = tuple[int, int, int]  # (channels, height, width)


@dataclass(frozen=True)
class SplitOf:
    """Which split of what is stored, and what is asked of its images."""

    dataset: str
    split: str
    count: int
    classes: int

    @property
    def name(self) -> str:
        return f"{self.dataset} {self.split}"


@dataclass(frozen=True)
class Row:
    image: Pixels  # [C, H, W]
    label: int
    packed: PackedImage | None


@dataclass(frozen=True)
class Written:
    """What is known of a split once it is stored."""

    shape: Shape
    labels: Labels
    moments: Moments


def rows(
    of: SplitOf,
    items: Iterable[tuple[Pixels | ImageFile, int]],
    shape: Shape | None,
    first: int = 0,
    pack: bool = False,
) -> Iterator[Row]:
    """Of the split's row `first` and those that follow. Raises SettingsError for another shape than the one before, or
    the given one, and for a label of no class."""
    for number, decoded in enumerate(decode_all(items, pack), start=first):
        if not 0 <= decoded.label < of.classes:
            raise SettingsError(
                f"{of.dataset}: {of.split} image {number} has label {decoded.label}, allowed is 0 to {of.classes - 1}"
            )
        image = _planes(decoded)
        shape = shape or (image.shape[0], image.shape[1], image.shape[2])
        if image.shape != shape:
            raise SettingsError(
                f"{of.dataset}: {of.split} image {number} is {image.shape} (channels, height, width), those before are "
                f"{shape}: set the dataset's `size` to bring all to one"
            )
        yield Row(image, decoded.label, decoded.packed)


def _planes(decoded: Decoded) -> Pixels:
    pixels = decoded.pixels
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def check_count(of: SplitOf, found: int) -> None:
    """Raises SettingsError where a split has fewer or more images than it announced."""
    if found > of.count:
        raise SettingsError(f"{of.dataset}: the {of.split} split has more than the {of.count} images expected")
    if found < of.count or not found:
        raise SettingsError(
            f"{of.dataset}: the {of.split} split has {found} images, {of.count or 'at least 1'} expected"
        )
