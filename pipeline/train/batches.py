"""Order of the images in an epoch's batches."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
            replacement, so that an image may come twice in a batch, or never.
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
    if batches != "class_weighted":
        raise ValueError(f"batches: expected permutation or class_weighted, got {batches!r}")
    by_class = np.argsort(labels, kind="stable")
    _, first, sizes = np.unique(labels[by_class], return_index=True, return_counts=True)
    classes = generator.integers(len(sizes), size=count)
    within = np.floor(generator.random(count) * sizes[classes]).astype(np.int64)
    images = by_class[first[classes] + within]
    return Order(images.reshape(steps, size), _times_seen_before(images).reshape(steps, size))


def _times_seen_before(images: Integers) -> Integers:
    """Count for each place the earlier places with the same image."""
    order = np.argsort(images, kind="stable")
    _, first, counts = np.unique(images[order], return_index=True, return_counts=True)
    seen = np.empty_like(images)
    seen[order] = np.arange(len(images)) - np.repeat(first, counts)
    return seen
