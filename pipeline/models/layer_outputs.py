"""Features of a network at every depth."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from pipeline.models.network import Network
from twin_alignment.models.block_names import block_names
from twin_alignment.models.hooks import recorded
from twin_alignment.pooling import pool
from twin_alignment.torchvision_shim import torchvision


def layer_outputs(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Compute the features after every stage of the encoder.

    A stage is a part of the encoder with weight tensors (two or more dimensions), with the norms and poolings that
    follow it. Maps are averaged over space, tokens and sequences over positions.

    Args:
        network: in evaluation mode.
        images: views [B, C, H, W], or of rows [B, ...].

    Returns:
        {stage: features [B, d] float32} in the order they are computed. The last stage is called h, the features before
        the projection head; z are the unit rows behind it.

    Raises:
        ValueError: a stage returns something else than [B, d], [B, tokens, d] or [B, d, height, width].
    """
    parts = dict(_parts(network.encoder))
    is_square = images.ndim == 4 and images.shape[2] == images.shape[3]
    square = getattr(network.encoder, "output_fmt", "") == "NHWC" and is_square
    sequences = set(_channels_first(parts))

    def reduced(output: object, name: str) -> Tensor:
        if isinstance(output, Tensor) and output.ndim == 3 and name in sequences:
            output = output.transpose(1, 2)
        return pool(output, name, square=square)

    with recorded(parts, reduced) as outputs:
        h = network.encoder(images)
    stages: dict[str, Tensor] = {}
    current = ""
    for name, output in outputs:
        current = name if any(weight.ndim >= 2 for weight in parts[name].parameters()) else current
        if current:
            stages[current] = output
    stages.pop(current, None)
    z = nn.functional.normalize(network.projection_head(h).float(), dim=1)
    return {**stages, "h": h.float(), "z": z}


def _parts(encoder: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """List the encoder's children by name; of a transformer, and of timm's networks, its blocks."""
    if hasattr(encoder, "pretrained_cfg"):
        yield from ((name, encoder.get_submodule(name)) for name in block_names(encoder))
        return
    for name, child in encoder.named_children():
        if isinstance(child, torchvision.models.vision_transformer.Encoder):
            yield from child.layers.named_children()
        else:
            yield name, child


def _channels_first(parts: Mapping[str, nn.Module]) -> Iterator[str]:
    """List the parts whose outputs [B, d, positions] are those of convolutions in one dimension, or follow one."""
    of_sequences = False
    for name, part in parts.items():
        if any(weight.ndim >= 2 for weight in part.parameters()):
            of_sequences = any(isinstance(module, nn.Conv1d) for module in part.modules())
        if of_sequences:
            yield name
