"""Colour operations on a batch, each sample with its own factors in its own order.

Brightness, contrast and saturation are each an affine map of a pixel's channels followed by a clamp, so any mixture of
them over the batch is one product with a [C, C] matrix per sample. Hue is different, and costs as much as all others
together: samples are sorted by the position of hue in their order, so that every step works on a contiguous slice, hue
runs once, and nothing is gathered in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.augment.draws import CONTRAST, HUE, SATURATION, Floats, Integers, ViewDraws
from pipeline.config.view_settings import ViewRecipe
from pipeline.system.device import to_device


def channel_weights(channels: int) -> Floats:
    """Weights [C] of the channels in grey: ITU-R BT.601 with torchvision's digits, or 1 for a single channel."""
    return np.array([0.2989, 0.587, 0.114] if channels == 3 else [1.0])


def map_channels(pixels: Tensor, matrices: Tensor, offset: Tensor) -> Tensor:
    """Compute A x + b for every pixel of x [n, C, HW], with A [n, C, C] and b [n or 1, C or 1, 1]."""
    if pixels.shape[1] == 1:  # multiplying by one-by-one matrices as matrices takes five times as long
        return (pixels * matrices).add_(offset)
    return torch.bmm(matrices, pixels).add_(offset)


@dataclass(frozen=True)
class JitterPlan:
    """Colour jitter of a batch whose samples are put in the order `samples`; the first `jittered` of them change.

    Step k of the affine operations comes before hue for the leading `before[k]` samples, and after it for the others.
    """

    samples: Integers  # [B]
    jittered: int
    operations: Integers  # [steps, jittered]
    factors: Floats  # [steps, jittered] of these operations
    before: tuple[int, ...]  # [steps]
    hue: Floats | None  # [jittered]; None: no hue at all


def plan_jitter(recipe: ViewRecipe, draws: ViewDraws, channels: int) -> JitterPlan:
    """Sort the samples and line up their operations, leaving out operations without strength or effect."""
    active = np.array([recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue]) * recipe.jitter > 0
    if channels == 1:
        active[[SATURATION, HUE]] = False
    changes = np.stack([draws.brightness - 1, draws.contrast - 1, draws.saturation - 1, draws.hue], axis=1)
    changed = (changes[:, active] != 0).any(axis=1)

    order = draws.order[active[draws.order]].reshape(len(changes), active.sum())
    hue_position = (order == HUE).argmax(axis=1) if active[HUE] else np.full(len(order), order.shape[1])
    samples = np.argsort(np.where(changed, -hue_position, 1), kind="stable")
    jittered = int(changed.sum())
    chosen = samples[:jittered]
    order = order[chosen]
    affine = order[order != HUE].reshape(jittered, active[:HUE].sum())
    return JitterPlan(
        samples=samples,
        jittered=jittered,
        operations=affine.T,
        factors=1 + np.take_along_axis(changes[chosen], affine, axis=1).T,
        before=tuple(int((hue_position[chosen] > step).sum()) for step in range(affine.shape[1])),
        hue=draws.hue[chosen] if active[HUE] else None,
    )


def jitter(images: Tensor, plan: JitterPlan) -> None:
    """Change the colours of images [B, C, H, W] in [0, 1], in place; they are in the plan's order."""
    batch, channels, height, width = images.shape
    pixels = images.view(batch, channels, height * width)[: plan.jittered]
    matrices, towards_mean = _affine_maps(plan, channels, images.device)
    for step, count in enumerate(plan.before):
        _affine(pixels[:count], matrices[step, :count], towards_mean[step, :count])
    if plan.hue is not None:
        _shift_hue(pixels, to_device(plan.hue.astype(np.float32), images.device))
    for step, count in enumerate(plan.before):
        _affine(pixels[count:], matrices[step, count:], towards_mean[step, count:])


def _affine_maps(plan: JitterPlan, channels: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return per step and sample the matrix [C, C] of a pixel's channels, and the row [1, C] that weighs the mean.

    torchvision blends the image x with black (brightness), with its mean grey (contrast) or with its own grey
    (saturation): f x + (1 - f) y.
    """
    luma = channel_weights(channels)
    factor = plan.factors[:, :, None, None]
    operation = plan.operations[:, :, None, None]
    matrices = factor * np.eye(channels) + (1 - factor) * (operation == SATURATION) * luma
    towards_mean = (1 - factor) * (operation == CONTRAST) * luma
    return to_device(matrices.astype(np.float32), device), to_device(towards_mean.astype(np.float32), device)


def _affine(pixels: Tensor, matrices: Tensor, towards_mean: Tensor) -> None:
    """Apply one affine operation to pixels [n, C, HW], in place."""
    if len(pixels):
        offset = torch.bmm(towards_mean, pixels.mean(dim=2, keepdim=True))
        torch.clamp(map_channels(pixels, matrices, offset), 0, 1, out=pixels)


def _shift_hue(pixels: Tensor, turns: Tensor) -> None:
    """Turn the hue of pixels [n, 3, HW] by turns [n] of the colour circle, in place.

    HSV's hexagon (Smith 1978) without its case table: a channel is min + (max - min) w, where w is a trapezoid of
    the hue's distance from the channel's own colour.
    """
    if not len(pixels):
        return
    red, green, blue = pixels.unbind(1)
    largest = torch.maximum(torch.maximum(red, green), blue)
    smallest = torch.minimum(torch.minimum(red, green), blue)
    extent = largest - smallest
    scale = extent.clamp_min(1e-30).reciprocal_()  # grey pixels have no hue, whatever is put here
    not_red, not_green = (largest - red).sign_(), (largest - green).sign_()  # 0 or 1; torch.where is 15 times as slow
    from_green = ((blue - red) * scale).add_(2)
    from_blue = ((red - green) * scale).add_(4)
    sixths = torch.lerp((green - blue) * scale, torch.lerp(from_green, from_blue, not_green), not_red)
    sixths.add_(6 * turns[:, None])
    sixths.sub_((sixths / 6).floor_(), alpha=6)  # into [0, 6); torch.remainder takes ten times as long
    pixels[:, 0] = (sixths - 3).abs_().sub_(1).clamp_(0, 1).mul_(extent).add_(smallest)
    pixels[:, 1] = (sixths - 2).abs_().neg_().add_(2).clamp_(0, 1).mul_(extent).add_(smallest)
    pixels[:, 2] = (sixths - 4).abs_().neg_().add_(2).clamp_(0, 1).mul_(extent).add_(smallest)
