"""Random parameters of views, one row for each image, drawn on the host from one keyed generator."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pipeline.config.view_settings import ViewRecipe

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)  # the numbers in `ViewDraws.order`

_TRIES = 10  # random boxes tried before the central one, as in torchvision
_VALUES = 2 * _TRIES + 15  # uniform numbers a sample consumes, whatever the recipe and the outcome
_ROWS = 65_536  # drawn at once: 100 MB of numbers in between, however long the table

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ViewDraws:
    """Parameters of one view of every image in a batch of B; all arrays are [B], `order` is [B, 4].

    Without colour jitter the factors are exactly 1, and the hue shift exactly 0.
    """

    top: Integers  # crop box in pixels of the stored image
    left: Integers
    height: Integers
    width: Integers
    flip: Flags
    brightness: Floats  # factors, 1 changes nothing
    contrast: Floats
    saturation: Floats
    hue: Floats  # shift in turns, 0 changes nothing
    order: Integers  # the four colour operations in the order in which they are applied
    grey: Flags
    sigma: Floats  # of the Gaussian blur, pixels of the view; 0: no blur

    def take(self, samples: Integers | slice) -> ViewDraws:
        """Select the draws of some samples, in the given order."""
        return ViewDraws(**{field.name: getattr(self, field.name)[samples] for field in fields(self)})

    def digest_bytes(self) -> bytes:
        """Serialise to canonical bytes, the same on every machine, for a hash."""
        parts = []
        for field in fields(self):
            values = getattr(self, field.name)
            little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
            parts += [f"{field.name}{little.shape}{little.dtype.kind}".encode(), little.tobytes()]
        return b"".join(parts)


def draw_views(recipe: ViewRecipe, generator: np.random.Generator, batch: int, height: int, width: int) -> ViewDraws:
    """Draw one view of each image of a batch, or of a whole dataset.

    The distributions are those of torchvision's RandomResizedCrop, RandomHorizontalFlip, RandomApply(ColorJitter),
    RandomGrayscale and SimCLR's random blur. Every sample consumes one row of a fixed number of uniform values, so that
    changing one part of the recipe, or lengthening the batch, leaves all other draws as they were.

    Args:
        recipe: ranges and probabilities.
        generator: source of all draws.
        batch: number of images.
        height: of the stored images, in pixels.
        width: of the stored images, in pixels.
    """
    parts = [
        _draw_rows(recipe, generator, min(_ROWS, batch - start), height, width) for start in range(0, batch, _ROWS)
    ]
    if len(parts) == 1:
        return parts[0]
    return ViewDraws(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(ViewDraws)}
    )


def _draw_rows(recipe: ViewRecipe, generator: np.random.Generator, batch: int, height: int, width: int) -> ViewDraws:
    """Draw some rows of the table."""
    uniform = generator.random((batch, _VALUES))
    areas, ratios, rest = np.split(uniform, [_TRIES, 2 * _TRIES], axis=1)
    corner, choices, factor, order = np.split(rest, [2, 7, 11], axis=1)
    flip, jitter, grey, blur, sigma = choices.T
    top, left, box_height, box_width = _boxes(recipe, areas, ratios, corner, (height, width))
    spread = np.array([recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue])[:, None]
    jittered = (2 * factor.T - 1) * spread * (jitter < recipe.jitter)  # strengths are at most 1: no factor is negative
    low, high = recipe.blur_sigma
    return ViewDraws(
        top=top,
        left=left,
        height=box_height,
        width=box_width,
        flip=flip < recipe.flip,
        brightness=1 + jittered[BRIGHTNESS],
        contrast=1 + jittered[CONTRAST],
        saturation=1 + jittered[SATURATION],
        hue=jittered[HUE],
        order=np.argsort(order, axis=1, kind="stable").astype(np.int64),
        grey=grey < recipe.grey,
        sigma=np.where(blur < recipe.blur, low + (high - low) * sigma, 0.0),
    )


def _boxes(
    recipe: ViewRecipe, areas: Floats, ratios: Floats, corner: Floats, size: tuple[int, int]
) -> tuple[Integers, Integers, Integers, Integers]:
    """Crop boxes (top, left, height, width), each [B]: the first of the tries that fits, or the central box.

    Follows torchvision's RandomResizedCrop.get_params (Szegedy et al. 2015): area uniform, aspect ratio log-uniform,
    sides rounded to whole pixels, corner uniform among those that keep the box inside the image.
    """
    height, width = size
    smallest, largest = recipe.crop_scale
    narrowest, widest = recipe.crop_ratio
    area = height * width * (smallest + (largest - smallest) * areas)
    log_ratio = np.log(narrowest) + (np.log(widest) - np.log(narrowest)) * ratios
    root_area, root_ratio = np.sqrt(area), np.exp(log_ratio / 2)
    box_width = np.rint(root_area * root_ratio)
    box_height = np.rint(root_area / root_ratio)
    fits = (box_width > 0) & (box_width <= width) & (box_height > 0) & (box_height <= height)
    first = fits.argmax(axis=1)[:, None]
    any_fits = fits.any(axis=1)

    central_width = min(width, round(height * widest))
    central_height = min(height, round(width / narrowest))
    chosen_width = np.where(any_fits, np.take_along_axis(box_width, first, 1)[:, 0], central_width).astype(np.int64)
    chosen_height = np.where(any_fits, np.take_along_axis(box_height, first, 1)[:, 0], central_height).astype(np.int64)
    room_y, room_x = height - chosen_height, width - chosen_width
    top = np.where(any_fits, np.floor(corner[:, 0] * (room_y + 1)).astype(np.int64), room_y // 2)
    left = np.where(any_fits, np.floor(corner[:, 1] * (room_x + 1)).astype(np.int64), room_x // 2)
    return top, left, chosen_height, chosen_width
