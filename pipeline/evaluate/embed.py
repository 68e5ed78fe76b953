"""Compute features of whole image sets."""

import torch
from torch import Tensor, nn

from pipeline.augment import normalise
from pipeline.datasets.images import Images
from pipeline.models.layer_outputs import layer_outputs
from pipeline.models.memory_layout import channels_last
from pipeline.models.network import Network

BATCH = 256  # images in a forward pass: enough to fill a device, and small enough for any memory at 224 pixels


@torch.inference_mode()
def encode(encoder: nn.Module, images: Images, size: tuple[int, int] | None) -> Tensor:
    """Compute features h of unaugmented images in stored order.

    Args:
        encoder: set to evaluation mode.
        images: N images.
        size: (height, width) that the encoder reads; None: as stored.

    Returns:
        h [N, d] float32 on the CPU.
    """
    encoder.eval()
    return torch.cat([encoder(as_read(batch, images, size)).float().cpu() for batch in images.batches(BATCH)])


@torch.inference_mode()
def encode_layers(network: Network, images: Images, size: tuple[int, int] | None) -> dict[str, Tensor]:
    """Compute features [N, d] float32 of every layer on the CPU, by name (see `layer_outputs` and `encode`)."""
    network.eval()
    parts: dict[str, list[Tensor]] = {}
    for batch in images.batches(BATCH):
        for layer, rows in layer_outputs(network, as_read(batch, images, size)).items():
            parts.setdefault(layer, []).append(rows.cpu())
    return {layer: torch.cat(rows) for layer, rows in parts.items()}


def as_read(batch: Tensor, images: Images, size: tuple[int, int] | None) -> Tensor:
    """Normalise a batch of images for evaluation, in the fastest memory layout; rows of arrays stay as they are."""
    return channels_last(batch if batch.is_floating_point() else normalise(batch, size, images.mean, images.std))
