"""Facts of a dataset's source, known before an image is read."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.config.references import load, names_in
from pipeline.config.view_settings import ViewRecipe

IMAGENET_TERMS = "ImageNet terms of access: non-commercial research and education"
PHOTOGRAPHS_224 = ViewRecipe(jitter=1.0, brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2, blur=0.1)

Sizes = tuple[int, ...]  # training images, test images; channels, height and width as stored, or the shape of a row
IMAGE_FILES = ("paths", "size", "test_share")  # settings of a source that reads image files


@dataclass(frozen=True)
class Facts:
    """`FACTS` of a file of pipeline/datasets/sources."""

    spec: DatasetSpec | None = None  # of the dataset by this name; None: the source is used through settings only
    sizes: Callable[[SourceSettings], Sizes] | None = None  # before it is prepared; None: unknown
    counts: Callable[[SourceSettings, str], tuple[int, int]] | None = None  # classes and training images, of data that
    # is the user's; the text names the settings in messages
    reads: tuple[str, ...] = ()  # settings that are for it, and not for every source
    may_lack_classes: bool = False  # whether it may have fewer classes than `classes`


def square(train: int, test: int, channels: int, side: int) -> Callable[[SourceSettings], Sizes]:
    """Sizes of square images, as published unless the settings have a `size`."""
    return lambda spec: (train, test, channels, spec.size or side, spec.size or side)


def all_facts() -> dict[str, Facts]:
    """Facts of every source, by its name."""
    return {name: load(f"pipeline.datasets.sources.{name}:FACTS") for name in names_in("pipeline/datasets/sources")}
