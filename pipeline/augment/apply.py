"""From stored images and drawn parameters to normalised views: crop, flip, jitter, grey, blur, in SimCLR's order."""

import numpy as np
import torch
from torch import Tensor

from pipeline.augment.colour import channel_weights, jitter, map_channels, plan_jitter
from pipeline.augment.draws import Flags, ViewDraws
from pipeline.augment.resample import blur, crop, interpolation
from pipeline.config.view_settings import ViewRecipe
from pipeline.system.device import to_device


@torch.no_grad()
def apply_views(images: Tensor, draws: ViewDraws, recipe: ViewRecipe, mean: Tensor, std: Tensor) -> Tensor:
    """Make augmented views; equals torchvision's transforms of single float images, up to rounding.

    Runs on the images' device without waiting for it.

    Args:
        images: uint8 [B, C, H, W] with C = 1 or 3.
        draws: parameters of one view of each image.
        recipe: sizes and strengths.
        mean: [C], of pixels in [0, 1].
        std: [C].

    Returns:
        Normalised views float32 [B, C, h, w].

    Raises:
        ValueError: images of another kind, or another number of draws.
    """
    channels = images.shape[1]
    if images.dtype != torch.uint8 or channels not in (1, 3):
        raise ValueError(f"images: expected uint8 with 1 or 3 channels, got {images.dtype} with {channels}")
    if len(draws.top) != len(images):
        raise ValueError(f"draws: expected one for each of {len(images)} images, got {len(draws.top)}")
    plan = plan_jitter(recipe, draws, channels)
    draws = draws.take(plan.samples)
    images = images.index_select(0, to_device(plan.samples, images.device))
    with torch.autocast(images.device.type, enabled=False):  # its half precision is for networks
        views = crop(images.to(torch.float32).div_(255), draws, recipe.size or (images.shape[2], images.shape[3]))
        jitter(views, plan)
        blurred = np.flatnonzero(draws.sigma)
        if len(blurred):
            chosen = to_device(blurred, images.device)
            views.index_copy_(0, chosen, blur(views.index_select(0, chosen), draws.sigma[blurred], recipe.blur_kernel))
        views = _grey_and_normalise(views, draws.grey, mean, std)
    return views.index_select(0, to_device(np.argsort(plan.samples), images.device))


def _grey_and_normalise(views: Tensor, grey: Flags, mean: Tensor, std: Tensor) -> Tensor:
    """Drop the colour of some of the views [B, C, h, w], and normalise all, in one product with a matrix per sample.

    Grey may come after the blur, because grey mixes the channels of a pixel and blur the pixels of a channel, both
    linearly.
    """
    channels = views.shape[1]
    matrices = np.where(grey[:, None, None], channel_weights(channels), np.eye(channels)).astype(np.float32)
    scaled = to_device(matrices, views.device) / std[:, None]
    return map_channels(views.flatten(2), scaled, (-mean / std)[:, None]).view(views.shape)


@torch.no_grad()
def normalise(images: Tensor, size: tuple[int, int] | None, mean: Tensor, std: Tensor) -> Tensor:
    """Normalise whole images for evaluation, without randomness.

    Args:
        images: uint8 [B, C, H, W].
        size: (h, w) to resize to (antialiased bilinear); None: as stored.
        mean: [C], of pixels in [0, 1].
        std: [C].

    Returns:
        float32 [B, C, h, w].
    """
    pixels = images.to(torch.float32).div_(255)
    stored = (images.shape[2], images.shape[3])
    if size is not None and size != stored:
        rows, columns = (_resize_axis(*sides, images.device) for sides in zip(stored, size, strict=True))
        pixels = rows @ pixels @ columns.T
    return pixels.sub_(mean[:, None, None]).div_(std[:, None, None])


def _resize_axis(stored: int, wanted: int, device: torch.device) -> Tensor:
    """Return the matrix [wanted, stored] that resizes one axis."""
    start, length = np.zeros(1, np.int64), np.full(1, stored)
    return interpolation(start, length, np.zeros(1, bool), source=stored, target=wanted, device=device)[0]
