"""Order of the images in an epoch's batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.config.base import SettingsError
from pipeline.config.training_settings import classes_of_batch

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """Batches of one epoch.

    Attributes:
        images: image indices [steps, B].
        times_seen_before: for each place [steps, B], how many earlier places of the epoch have the same image.
    """

    images: Integers
    times_seen_before: Integers

    @property
    def max_repeats(self) -> int:
        """Number of places of the image that has most of them."""
        return int(self.times_seen_before.max()) + 1


def draw_order(batches: str, generator: np.random.Generator, labels: Integers, steps: int, size: int) -> Order:
    """Draw the batches of one epoch.

    Args:
        batches: `permutation`: no image comes twice, and images that fill no batch are left out (others in every
            epoch). `class_weighted`: for each place a class uniformly, then an image of that class uniformly, with
            replacement, so that an image may come twice in a batch, or never. `K_classes`: for each batch K classes,
            then the same number of images of each (one more of the first where K does not divide B), without
            replacement within the batch.
        generator: source of all draws.
        labels: class of each image [N].
        steps: number of batches.
        size: images in each batch.

    Raises:
        ValueError: `batches` is another word.
    """
    count = steps * size
    if batches == "permutation":
        images = generator.permutation(len(labels))[:count].astype(np.int64)
        return Order(images.reshape(steps, size), np.zeros((steps, size), np.int64))
    if (few := classes_of_batch(batches)) is not None:
        of_class = [np.flatnonzero(labels == name).astype(np.int64) for name in np.unique(labels)]
        images = np.concatenate([_batch_of_classes(generator, of_class, size, few) for _ in range(steps)])
        return Order(images.reshape(steps, size), _times_seen_before(images).reshape(steps, size))
    if batches != "class_weighted":
        raise ValueError(f"batches: expected permutation, class_weighted or K_classes, got {batches!r}")
    by_class = np.argsort(labels, kind="stable")
    _, first, sizes = np.unique(labels[by_class], return_index=True, return_counts=True)
    classes = generator.integers(len(sizes), size=count)
    within = np.floor(generator.random(count) * sizes[classes]).astype(np.int64)
    images = by_class[first[classes] + within]
    return Order(images.reshape(steps, size), _times_seen_before(images).reshape(steps, size))


def check_batches(batches: str, labels: Integers, size: int) -> None:
    """Raise SettingsError if the classes are too few or too small for batches of `K_classes`."""
    classes = classes_of_batch(batches)
    if classes is None:
        return
    counts = np.unique(labels, return_counts=True)[1]
    if classes > len(counts):
        raise SettingsError(
            f"batches: expected at most {len(counts)}_classes, as the training images have, got {batches}"
        )
    if counts.min() * classes < size:
        raise SettingsError(
            f"batches: {batches} with batch_size = {size} needs {-(-size // classes)} training images of every class, "
            f"got a class of {counts.min()}: choose more classes or a smaller batch"
        )


def _batch_of_classes(
    generator: np.random.Generator, by_class: Sequence[Integers], size: int, classes: int
) -> Integers:
    """Draw one batch [B] from K of the classes."""
    shares = [size // classes + (rank < size % classes) for rank in range(classes)]
    chosen = generator.permutation(len(by_class))[:classes]
    drawn = [generator.choice(by_class[name], share, replace=False) for name, share in zip(chosen, shares, strict=True)]
    return np.concatenate(drawn)


def _times_seen_before(images: Integers) -> Integers:
    """Count for each place the earlier places with the same image."""
    order = np.argsort(images, kind="stable")
    _, first, counts = np.unique(images[order], return_index=True, return_counts=True)
    seen = np.empty_like(images)
    seen[order] = np.arange(len(images)) - np.repeat(first, counts)
    return seen
