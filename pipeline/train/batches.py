"""Which images an epoch's batches hold, in which order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """An epoch's batches of image indices, [steps, B], and how often each was shown before in the epoch."""

    images: Integers
    earlier: Integers

    @property
    def shows(self) -> int:
        """How often the image shown most often is shown."""
        return int(self.earlier.max()) + 1


def draw_order(batches: str, generator: np.random.Generator, labels: Integers, steps: int, size: int) -> Order:
    """`steps` batches of `size` images with labels [N].

    `permutation`: no image twice; those that fill no batch are left out, others in every epoch. `class_weighted`: for
    each place in each batch a class uniformly among those there are, then an image of that class uniformly, with
    replacement, so that images may come twice in a batch, or in none of an epoch's.
    """
    count = steps * size
    if batches == "permutation":
        images = generator.permutation(len(labels))[:count].astype(np.int64)
        return Order(images.reshape(steps, size), np.zeros((steps, size), np.int64))
    if batches != "class_weighted":
        raise ValueError(f"batches = {batches!r}: allowed is permutation or class_weighted")
    by_class = np.argsort(labels, kind="stable")
    _, first, sizes = np.unique(labels[by_class], return_index=True, return_counts=True)
    chosen = generator.integers(len(sizes), size=count)
    within = np.floor(generator.random(count) * sizes[chosen]).astype(np.int64)
    images = by_class[first[chosen] + within]
    return Order(images.reshape(steps, size), _earlier(images).reshape(steps, size))


def _earlier(images: Integers) -> Integers:
    """How often the image of each place came before that place."""
    order = np.argsort(images, kind="stable")
    _, first, counts = np.unique(images[order], return_index=True, return_counts=True)
    earlier = np.empty_like(images)
    earlier[order] = np.arange(len(images)) - np.repeat(first, counts)
    return earlier
