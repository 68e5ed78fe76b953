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
    """Views float32 [B, C, h, w] of uint8 images [B, C, H, W], normalised by mean and std [C] of pixels in [0, 1].

    Equals torchvision's transforms of float images, one by one, up to rounding. Runs on the images' device without
    waiting for it. C is 1 or 3.
    """
    channels = images.shape[1]
    if images.dtype != torch.uint8 or channels not in (1, 3):
        raise ValueError(f"images are {images.dtype} with {channels} channels: allowed is uint8 with 1 or 3")
    if len(draws.top) != len(images):
        raise ValueError(f"{len(draws.top)} views are drawn for {len(images)} images: allowed is one each")
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
    """Drop the colour of some of the views [B, C, h, w], and normalise all.

    Both in one product with a matrix per sample. Grey may come after the blur, because one mixes the channels of a
    pixel and the other the pixels of a channel, both linearly.
    """
    channels = views.shape[1]
    matrices = np.where(grey[:, None, None], channel_weights(channels), np.eye(channels)).astype(np.float32)
    scaled = to_device(matrices, views.device) / std[:, None]
    return map_channels(views.flatten(2), scaled, (-mean / std)[:, None]).view(views.shape)


@torch.no_grad()
def normalise(images: Tensor, size: tuple[int, int] | None, mean: Tensor, std: Tensor) -> Tensor:
    """Whole images as the encoder reads them in evaluation: uint8 [B, C, H, W] to float32 [B, C, h, w], nothing random.

    Resized (antialiased bilinear) where the size (h, w) is not the stored one; none: as stored.
    """
    pixels = images.to(torch.float32).div_(255)
    stored = (images.shape[2], images.shape[3])
    if size is not None and size != stored:
        rows, columns = (_whole(*sides, images.device) for sides in zip(stored, size, strict=True))
        pixels = rows @ pixels @ columns.T
    return pixels.sub_(mean[:, None, None]).div_(std[:, None, None])


def _whole(stored: int, wanted: int, device: torch.device) -> Tensor:
    """Matrix [wanted, stored] that resizes one whole axis."""
    start, length = np.zeros(1, np.int64), np.full(1, stored)
    return interpolation(start, length, np.zeros(1, bool), source=stored, target=wanted, device=device)[0]
