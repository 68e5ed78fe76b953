"""What a network makes of images at every depth."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from pipeline.models.network import Network
from pipeline.models.vision import torchvision


def layer_outputs(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Features [B, d] float32 after every stage of the encoder, in the order they are computed, then h and z.

    A stage is a part of the encoder with weight tensors (two or more dimensions), and the norms and poolings that
    follow it; maps are averaged over space, tokens over positions. The last stage ends in h, and is called so: the
    features before the projection head. z are unit rows behind it. Raises ValueError for an output of another shape.
    """
    found: list[tuple[str, bool, Tensor]] = []
    handles = [
        part.register_forward_hook(_note(found, name, any(weight.ndim >= 2 for weight in part.parameters())))
        for name, part in _parts(network.encoder)
    ]
    try:
        h = network.encoder(images)
    finally:
        for handle in handles:
            handle.remove()
    stages: dict[str, Tensor] = {}
    current = ""
    for name, begins, output in found:
        current = name if begins else current
        if current:
            stages[current] = output
    stages.pop(current, None)
    z = nn.functional.normalize(network.projection_head(h).float(), dim=1)
    return {**stages, "h": h.float(), "z": z}


def _parts(encoder: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Children of the encoder by name; a transformer's are its blocks."""
    for name, child in encoder.named_children():
        if isinstance(child, torchvision.models.vision_transformer.Encoder):
            yield from child.layers.named_children()
        else:
            yield name, child


def _note(found: list[tuple[str, bool, Tensor]], name: str, begins: bool) -> Callable[..., None]:
    """Averages at once: a ReLU that works in place would change what the part before it returned."""
    return lambda part, inputs, output: found.append((name, begins, _averaged(output, name)))


def _averaged(output: object, name: str) -> Tensor:
    if isinstance(output, Tensor) and output.ndim in (2, 3, 4):
        over = {2: (), 3: (1,), 4: (2, 3)}[output.ndim]
        return output.float().mean(over) if over else output.float().clone(memory_format=torch.contiguous_format)
    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    raise ValueError(f"{name} returns {shape}: allowed is [B, d], [B, tokens, d] or [B, d, height, width]")
