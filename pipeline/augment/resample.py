"""Geometry and blur as matrix products: every image x [H, W] becomes Wy x Wx^T with its own matrices.

One product for each side replaces a loop over images with differently shaped boxes.
"""

import numpy as np
import torch
from torch import Tensor

from pipeline.augment.draws import Flags, Floats, Integers, ViewDraws
from pipeline.system.device import to_device


def resample(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Compute Wy x Wx^T [B, C, h, w] for images x [B, C, H, W], rows Wy [B, h, H] and columns Wx [B, w, W]."""
    batch, channels, height, width = images.shape
    narrowed = torch.bmm(images.reshape(batch, channels * height, width), columns.transpose(1, 2))
    narrowed = narrowed.view(batch, channels, height, columns.shape[1])
    # one product a channel: a broadcast matmul would copy Wy for every channel, at five times the cost
    return torch.stack([torch.bmm(rows, narrowed[:, channel]) for channel in range(channels)], dim=1)


def crop(images: Tensor, draws: ViewDraws, size: tuple[int, int]) -> Tensor:
    """Cut each sample's box out of images [B, C, H, W], mirror it if its draw says so, and resize it to `size` (h, w).

    Antialiased bilinear, as torchvision's `resized_crop(antialias=True)` on float images.
    """
    height, width = images.shape[-2:]
    upright = np.zeros_like(draws.flip)
    rows = interpolation(draws.top, draws.height, upright, source=height, target=size[0], device=images.device)
    columns = interpolation(draws.left, draws.width, draws.flip, source=width, target=size[1], device=images.device)
    return resample(images, rows, columns)


def interpolation(
    start: Integers, length: Integers, mirrored: Flags, *, source: int, target: int, device: torch.device
) -> Tensor:
    """Return matrices [B, target, source] that resize [start, start + length) of one axis to `target` pixels.

    Row i is a triangle around its position in the box, as wide as the larger of a source and a target pixel, cut off
    at the box's edges and normalised: PIL's antialiased bilinear filter.
    """
    scale = length / target  # source pixels per target pixel
    support = np.maximum(scale, 1)  # half a triangle's width; the unit of all positions below
    slope = np.where(mirrored, -scale, scale) / support
    first = np.where(mirrored, start + length, start) / support + slope / 2
    parameters = np.stack([first, slope, 1 / support, start, start + length], axis=1).astype(np.float32)
    centre_of_first, spacing, unit, low, high = to_device(parameters, device)[:, :, None].unbind(1)

    centres = centre_of_first + spacing * torch.arange(target, dtype=torch.float32, device=device)
    pixels = torch.arange(source, dtype=torch.float32, device=device) + 0.5
    inside = ((pixels > low) & (pixels < high)).to(torch.float32)
    weights = (pixels * unit)[:, None, :] - centres[:, :, None]
    weights = torch.sub(inside[:, None, :], weights.abs_(), out=weights).clamp_min_(0)
    return weights.div_(weights.sum(dim=2, keepdim=True))


def blur(images: Tensor, sigma: Floats, kernel: int | None = None) -> Tensor:
    """Blur images as torchvision's `gaussian_blur` does (reflected edges).

    Args:
        images: [n, C, H, W].
        sigma: of each image [n], positive, in pixels.
        kernel: odd number of pixels on a side; None: about a tenth of the image's side, as in SimCLR (Chen et al.
            2020), and at least 3.
    """
    deviation = to_device(sigma.astype(np.float32), images.device)
    rows, columns = (_smoothing(deviation, side, kernel) for side in images.shape[-2:])
    return resample(images, rows, columns)


def _smoothing(sigma: Tensor, side: int, kernel: int | None) -> Tensor:
    """Return matrices [n, side, side] of a Gaussian filter along one axis with reflected edges."""
    radius = min(max(side // 20, 1) if kernel is None else kernel // 2, side - 1)
    place = np.arange(side, dtype=np.float32)
    # pixel j is seen at j, and by reflection at -j and at 2 (side - 1) - j; the edge pixels have no image of their own
    reflected = np.stack([place, -place, 2 * (side - 1) - place])
    reflected[1, 0] = reflected[2, -1] = np.inf  # on the host: writing one element on a GPU waits for it
    seen, pixel = to_device(reflected, sigma.device), to_device(place, sigma.device)
    distance = seen[:, None, :] - pixel[:, None]
    distance = torch.where(distance.abs() > radius, torch.inf, distance)
    weights = torch.exp(-((distance / sigma[:, None, None, None]) ** 2) / 2).sum(dim=1)
    return weights.div_(weights.sum(dim=2, keepdim=True))
