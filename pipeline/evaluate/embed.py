"""Features h of checkpoints, computed once for all that read them: probes, alignment, theory."""

import torch
from torch import Tensor, nn

from pipeline.augment import normalise
from pipeline.datasets.images import Images
from pipeline.models.layer_outputs import layer_outputs
from pipeline.models.network import Network

BATCH = 256  # images a forward pass: enough to fill a device, little enough for any memory at 224 pixels


@torch.inference_mode()
def encode(encoder: nn.Module, images: Images, size: tuple[int, int] | None) -> Tensor:
    """h [N, d] float32 on the CPU: encoder in eval mode, unaugmented images in stored order; none: of stored size."""
    encoder.eval()
    return torch.cat([encoder(as_read(batch, images, size)).float().cpu() for batch in images.batches(BATCH)])


@torch.inference_mode()
def encode_layers(network: Network, images: Images, size: tuple[int, int] | None) -> dict[str, Tensor]:
    """The same of every layer (see `layer_outputs`): by name, [N, d] float32 on the CPU."""
    network.eval()
    parts: dict[str, list[Tensor]] = {}
    for batch in images.batches(BATCH):
        for layer, rows in layer_outputs(network, as_read(batch, images, size)).items():
            parts.setdefault(layer, []).append(rows.cpu())
    return {layer: torch.cat(rows) for layer, rows in parts.items()}


def as_read(batch: Tensor, images: Images, size: tuple[int, int] | None) -> Tensor:
    """A batch of a set's images as its encoder reads them in evaluation, in the layout that is fastest."""
    return normalise(batch, size, images.mean, images.std).contiguous(memory_format=torch.channels_last)
