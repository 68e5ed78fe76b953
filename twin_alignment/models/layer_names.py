"""Layers of a network: which modules they are, in which order they are computed, and what the classifier is."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from torch import Tensor, nn

from twin_alignment.errors import InputError
from twin_alignment.models.block_names import block_names

REPRESENTATION = "representation"  # features that the classifier reads; the output, where there is no classifier


@dataclass(frozen=True)
class Layers:
    """Layers of a network, found in one forward pass.

    Attributes:
        shapes: {name: shape of the output, without the batch}, in the order they are computed, of all modules that are
            called once and return a tensor; last the representation.
        blocks: names of the direct children and of the blocks of stages among them, and the representation.
        classifier: name of the module whose input is the representation. None: the output is.
    """

    shapes: dict[str, tuple[int, ...]]
    blocks: tuple[str, ...]
    classifier: str | None

    @property
    def behind(self) -> tuple[str, ...]:
        """Names of the layers that the classifier's weights decide."""
        if self.classifier is None:
            return ()
        names = [name for name in self.shapes if name != REPRESENTATION]
        place = names.index(self.classifier) if self.classifier in names else len(names)
        return tuple(names[place:])


def find_layers(module: nn.Module, images: Tensor) -> Layers:
    """Find the layers of a network by one forward pass without gradients.

    A layer is a direct child, or a block of a stage: a member of a container (`Sequential`, `ModuleList`) of blocks,
    at any depth. Dropout, identities, and modules that are called several times or return something else than a tensor
    are no layers. The classifier is what timm's `get_classifier()` returns, otherwise the last `Linear` where its
    output is that of the network.

    Args:
        module: network in evaluation mode.
        images: batch [B, C, H, W]; only shapes are read.

    Returns:
        Names, shapes, and the classifier.

    Raises:
        Exception: whatever the network raises for such images.
    """
    outputs: dict[str, list[object]] = {}
    linear: list[tuple[str, object]] = []
    inputs: dict[str, Tensor] = {}

    def record(name: str, part: nn.Module, args: tuple[object, ...], output: object) -> None:
        outputs.setdefault(name, []).append(tuple(output.shape) if isinstance(output, Tensor) else None)
        if args and isinstance(args[0], Tensor):
            inputs[name] = args[0]
        if isinstance(part, nn.Linear):
            linear.append((name, output))

    handles = [
        part.register_forward_hook(lambda part, args, output, name=name: record(name, part, args, output))
        for name, part in module.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            result = module(images)
    finally:
        for handle in handles:
            handle.remove()
    shapes = {name: calls[0][1:] for name, calls in outputs.items() if len(calls) == 1 and isinstance(calls[0], tuple)}
    classifier = _classifier(module, linear, result)
    representation = result if classifier is None else inputs.get(classifier)
    if isinstance(representation, Tensor):
        shapes[REPRESENTATION] = tuple(representation.shape[1:])
    names = set(block_names(module))
    return Layers(shapes, tuple(name for name in shapes if name in names or name == REPRESENTATION), classifier)


def chosen_layers(layers: Layers, names: str | Sequence[str] | None, model: str) -> tuple[str, ...]:
    """Return names of layers.

    Args:
        layers: those of the network.
        names: `all` blocks, or a list. None: the representation.
        model: name of the network in errors.

    Raises:
        InputError: the network has no such layer, or it is called several times or returns no tensor.
    """
    if names == "all":
        return layers.blocks
    chosen = (REPRESENTATION,) if names is None else (names,) if isinstance(names, str) else tuple(names)
    for name in chosen:
        if name not in layers.shapes:
            near = get_close_matches(name, layers.shapes, 1) or [layers.blocks[0] if layers.blocks else "none"]
            raise InputError(
                f"{model}: no layer {name!r} that is called once and returns a tensor, as {near[0]} does: "
                "--list-layers shows the blocks"
            )
    return tuple(dict.fromkeys(chosen))


def _classifier(module: nn.Module, linear: list[tuple[str, object]], result: object) -> str | None:
    """Name of the module that reads the representation."""
    getter = getattr(module, "get_classifier", None)
    given = getter() if callable(getter) else None
    if isinstance(given, nn.Module):
        return next((name for name, part in module.named_modules() if part is given and name), None)
    return linear[-1][0] if linear and linear[-1][1] is result else None
