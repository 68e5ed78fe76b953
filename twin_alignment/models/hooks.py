"""Outputs of a network's layers, recorded by forward hooks and pooled to rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from twin_alignment.errors import InputError
from twin_alignment.models.layer_names import REPRESENTATION, Layers
from twin_alignment.pooling import POOLS, pool


@contextmanager
def recorded(
    modules: Mapping[str, nn.Module], reduce: Callable[[object, str], Tensor]
) -> Iterator[list[tuple[str, Tensor]]]:
    """Record the outputs of modules while a network runs.

    Each is reduced at once, as a ReLU in place would change the output of the module before it.

    Args:
        modules: by name.
        reduce: function of an output and the module's name, to what is kept.

    Yields:
        A list that gets (name, what is kept) at every call of a module.
    """
    outputs: list[tuple[str, Tensor]] = []
    handles = [
        module.register_forward_hook(lambda part, args, output, name=name: outputs.append((name, reduce(output, name))))
        for name, module in modules.items()
    ]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


class LayerReader:
    """Features of some layers of a network, batch by batch.

    Args:
        module: network, which is called in evaluation mode.
        layers: its layers.
        names: those that are read.
        how: pooling, one of POOLS.
        model: name of the network in errors.

    Raises:
        InputError: the pooling is unknown, or a layer has no class token.
    """

    def __init__(self, module: nn.Module, layers: Layers, names: Sequence[str], how: str, model: str) -> None:
        if how not in POOLS:
            raise InputError(f"pool: expected one of {', '.join(POOLS)}, got {how!r}")
        if how == "cls" and getattr(module, "num_prefix_tokens", 1) == 0:
            raise InputError(f"{model}: has no class token, expected --pool mean, max or flatten")
        self.module = module
        self.layers = layers
        self.names = tuple(names)
        self.how = how
        self.model = model

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Compute features {layer: [B, d] float32} of images [B, C, H, W], without gradients."""
        square = images.ndim == 4 and images.shape[2] == images.shape[3]
        parts = dict(self.module.named_modules())
        modules = {name: parts[name] for name in self.names if name != REPRESENTATION}
        representation: list[Tensor] = []

        def keep(part: nn.Module, args: tuple[object, ...]) -> None:
            representation.append(pool(args[0], REPRESENTATION, self.how, square))

        reads_classifier = REPRESENTATION in self.names and self.layers.classifier is not None
        handle = parts[self.layers.classifier or ""].register_forward_pre_hook(keep) if reads_classifier else None
        try:
            with (
                torch.no_grad(),
                recorded(modules, lambda output, name: pool(output, name, self.how, square)) as outputs,
            ):
                result = self.module(images)
        except ValueError as error:
            raise InputError(f"{self.model}: {error}") from None
        finally:
            if handle is not None:
                handle.remove()
        features = dict(outputs)
        if REPRESENTATION in self.names:
            features[REPRESENTATION] = (
                representation[-1] if representation else pool(result, REPRESENTATION, self.how, square)
            )
        return {name: features[name] for name in self.names}

    def columns(self, images: Tensor) -> dict[str, int]:
        """Number of columns of every layer, from one batch."""
        return {name: rows.shape[1] for name, rows in self(images).items()}
