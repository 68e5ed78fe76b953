"""One way to every objective: checked shapes, float32, labels only where the objective may see them."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.references import load
from pipeline.config.run import Run
from pipeline.train.shape_text import shape_text
from twin_alignment.losses.contrastive import ALL, full_precision

Loss = Callable[..., Tensor]
Reads = Literal["z", "projection", "features"]

READS: dict[Reads, str] = {
    "z": "unit rows of the projection",
    "projection": "the projection before it is normalised",
    "features": "the encoder's features",
}


def reads_of(objective: Objective) -> Reads:
    """What an objective reads of the two views: the attribute `reads` of its function or class, `z` where it has none.
    Raises SettingsError for another word."""
    reads: Reads = getattr(load(objective.function), "reads", "z")
    if reads not in READS:
        raise SettingsError(f"{objective.function}: reads = {reads!r}, expected one of {', '.join(READS)}")
    return reads


def loss_module(objective: Objective, run: Run, columns: int) -> nn.Module | None:
    """The objective's own parameters, where it is a class and no function.

    Args:
        objective: whose `function` names a subclass of `torch.nn.Module`, built by its run's settings and `columns`.
        run: the settings.
        columns: of what it reads.

    Returns:
        The module, whose `forward` is the loss; draws from torch's global generator, so call it inside `fork_rng`.

    Raises:
        SettingsError: it is a class of another kind.
    """
    kind = load(objective.function)
    if not isinstance(kind, type):
        return None
    if not issubclass(kind, nn.Module):
        raise SettingsError(f"{objective.function}: expected a function or a torch.nn.Module, got a {kind.__name__}")
    module: nn.Module = kind(run, columns)
    return module


def loss_function(objective: Objective, module: nn.Module | None = None) -> Loss:
    """`loss(z1, z2, labels, temperature, **options)` of an objective: the mean over its anchors, a scalar.

    Half types are taken to float32 first, float64 stays. Options that the objective does not read are left out. Raises
    ValueError for shapes and temperatures out of range; that rows have unit length is the caller's promise and is not
    checked (it would cost a pass over the rows). Raises SettingsError where the function gives no single number.

    `anchors` are the images whose terms are wanted, where several processes share a batch; the mean over all processes
    is that over all anchors. A function that does not take them gives the mean over all, in each process. `module` is
    what `loss_module` gave.
    """
    function: Loss = module or load(objective.function)
    of_some = "anchors" in inspect.signature(module.forward if module else function).parameters

    def loss(
        z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL, **options: str
    ) -> Tensor:
        if z1.ndim != 2 or z1.shape != z2.shape or labels.shape != z1.shape[:1]:
            raise ValueError(
                f"z1 {tuple(z1.shape)}, z2 {tuple(z2.shape)}, labels {tuple(labels.shape)}: "
                "allowed is two views [B, d] and labels [B]"
            )
        if len(z1) < 2:
            raise ValueError(
                f"a batch of {len(z1)}: allowed is at least 2 images, as an anchor is compared with others"
            )
        if not temperature > 0:
            raise ValueError(f"temperature = {temperature}: allowed is above 0")
        chosen: dict[str, Any] = {name: value for name, value in options.items() if name in objective.options}
        if objective.same_class_negative_dropout is not None:
            chosen["dropped"] = objective.same_class_negative_dropout
        if of_some:
            chosen["anchors"] = anchors
        seen = None if objective.labels == "none" else labels
        with torch.autocast(z1.device.type, enabled=False):
            value = function(full_precision(z1), full_precision(z2), seen, temperature, **chosen)
        if not isinstance(value, Tensor) or value.ndim:
            hint = ": end it with .mean()" if isinstance(value, Tensor) else ""
            raise SettingsError(
                f"{objective.function}: expected one number, a tensor of shape [], got {shape_text(value)}{hint}"
            )
        return value

    return loss
