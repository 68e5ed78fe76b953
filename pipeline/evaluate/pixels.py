"""Raw inputs as features, the baseline of every network."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.datasets.images import Images

MAX_SIDE = 32  # pixels; at 224 a linear probe would have 150,528 columns
BATCH = 1024  # images averaged at once


def raw_pixels(images: Images) -> Tensor:
    """Return unaugmented images as rows [N, C h w] float32 in [0, 1], in stored order, on their device.

    Sides of more than 32 pixels are averaged down to 32 (adaptive average pooling), so that larger images lose detail.
    Rows of arrays are flattened as they are.
    """
    if not len(images.mean):
        return torch.cat([batch.flatten(1) for batch in images.batches(BATCH)])
    height, width = (min(side, MAX_SIDE) for side in images.size)
    parts = []
    for batch in images.batches(BATCH):
        pixels = batch.to(torch.float32).div_(255)
        parts.append(F.adaptive_avg_pool2d(pixels, (height, width)).flatten(1))
    return torch.cat(parts)
