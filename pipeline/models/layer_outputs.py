"""Features of a network at every depth."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from pipeline.models.network import Network
from twin_alignment.torchvision_shim import torchvision


def layer_outputs(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Compute the features after every stage of the encoder.

    A stage is a part of the encoder with weight tensors (two or more dimensions), with the norms and poolings that
    follow it. Maps are averaged over space, tokens over positions.

    Args:
        network: in evaluation mode.
        images: views [B, C, H, W].

    Returns:
        {stage: features [B, d] float32} in the order they are computed. The last stage is called h, the features before
        the projection head; z are the unit rows behind it.

    Raises:
        ValueError: a stage returns something else than [B, d], [B, tokens, d] or [B, d, height, width].
    """
    outputs: list[tuple[str, bool, Tensor]] = []
    handles = [
        part.register_forward_hook(_record(outputs, name, any(weight.ndim >= 2 for weight in part.parameters())))
        for name, part in _parts(network.encoder)
    ]
    try:
        h = network.encoder(images)
    finally:
        for handle in handles:
            handle.remove()
    stages: dict[str, Tensor] = {}
    current = ""
    for name, is_stage, output in outputs:
        current = name if is_stage else current
        if current:
            stages[current] = output
    stages.pop(current, None)
    z = nn.functional.normalize(network.projection_head(h).float(), dim=1)
    return {**stages, "h": h.float(), "z": z}


def _parts(encoder: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """List the encoder's children by name; a transformer's are its blocks."""
    for name, child in encoder.named_children():
        if isinstance(child, torchvision.models.vision_transformer.Encoder):
            yield from child.layers.named_children()
        else:
            yield name, child


def _record(outputs: list[tuple[str, bool, Tensor]], name: str, is_stage: bool) -> Callable[..., None]:
    """Return a hook that averages at once, as a ReLU in place would change the output of the part before it."""
    return lambda part, inputs, output: outputs.append((name, is_stage, _average(output, name)))


def _average(output: object, name: str) -> Tensor:
    """Average maps over space, and tokens over positions."""
    if isinstance(output, Tensor) and output.ndim in (2, 3, 4):
        over = {2: (), 3: (1,), 4: (2, 3)}[output.ndim]
        return output.float().mean(over) if over else output.float().clone(memory_format=torch.contiguous_format)
    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    raise ValueError(f"{name}: expected [B, d], [B, tokens, d] or [B, d, height, width], got {shape}")
