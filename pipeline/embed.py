"""Features h of checkpoints, computed once for all that read them: probes, alignment, theory."""

import torch
from torch import Tensor, nn

from pipeline.data.images import Images
from pipeline.views import normalise

BATCH = 256  # images a forward pass: enough to fill a device, little enough for any memory at 224 pixels


@torch.inference_mode()
def encode(encoder: nn.Module, images: Images, size: tuple[int, int] | None) -> Tensor:
    """h [N, d] float32 on the CPU: encoder in eval mode, unaugmented images in stored order; none: of stored size."""
    encoder.eval()
    parts = []
    for batch in images.batches(BATCH):
        x = normalise(batch, size, images.mean, images.std).contiguous(memory_format=torch.channels_last)
        parts.append(encoder(x).float().cpu())
    return torch.cat(parts)
