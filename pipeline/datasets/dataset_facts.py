"""Facts of a dataset's source, known before an image is read."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.config.references import load, names_in
from pipeline.config.view_settings import ViewRecipe

IMAGENET_TERMS = "ImageNet terms of access: non-commercial research and education"
PHOTOGRAPHS_224 = ViewRecipe(jitter=1.0, brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2, blur=0.1)

Sizes = tuple[int, int, int, int, int]  # training images, test images; channels, height and width as stored


@dataclass(frozen=True)
class Facts:
    """`FACTS` of a file of pipeline/datasets/sources."""

    spec: DatasetSpec | None = None  # of the dataset by this name; None: the source is used through settings only
    sizes: Callable[[SourceSettings], Sizes] | None = None  # before it is prepared; None: unknown
    reads_paths: bool = False  # whether the settings `paths` and `size` are for it
    may_lack_classes: bool = False  # whether it may have fewer classes than `classes`


def square(train: int, test: int, channels: int, side: int) -> Callable[[SourceSettings], Sizes]:
    """Sizes of square images, as published unless the settings have a `size`."""
    return lambda spec: (train, test, channels, spec.size or side, spec.size or side)


def all_facts() -> dict[str, Facts]:
    """Facts of every source, by its name."""
    return {name: load(f"pipeline.datasets.sources.{name}:FACTS") for name in names_in("pipeline/datasets/sources")}
