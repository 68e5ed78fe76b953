"""Call an objective: checked shapes, float32, labels only if the objective may see them."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.references import load
from pipeline.config.run import Run
from pipeline.system.shape_text import shape_text
from twin_alignment.losses.contrastive import ALL, full_precision

Loss = Callable[..., Tensor]
Reads = Literal["z", "projection", "features"]

READS: dict[Reads, str] = {
    "z": "unit rows of the projection",
    "projection": "the projection before it is normalised",
    "features": "the encoder's features",
}


def reads_of(objective: Objective) -> Reads:
    """Return what an objective reads of the two views: its function's attribute `reads`, by default `z`.

    Raises:
        SettingsError: `reads` is not one of READS.
    """
    reads: Reads = getattr(load(objective.function), "reads", "z")
    if reads not in READS:
        raise SettingsError(f"{objective.function}: reads = {reads!r}, expected one of {', '.join(READS)}")
    return reads


def options_of(objective: Objective, run: Run) -> dict[str, Any]:
    """Return the run's settings that an objective takes by name."""
    return {name: getattr(run, name) for name in objective.options}


def loss_module(objective: Objective, run: Run, columns: int) -> nn.Module | None:
    """Build the module of an objective that has parameters; it draws from torch's global generator.

    Args:
        objective: whose `function` may name a subclass of `torch.nn.Module`, built from (run, columns).
        run: the settings.
        columns: number of columns of what the objective reads.

    Returns:
        The module, whose `forward` is the loss; None if the objective is a function.

    Raises:
        SettingsError: it is another class.
    """
    kind = load(objective.function)
    if not isinstance(kind, type):
        return None
    if not issubclass(kind, nn.Module):
        raise SettingsError(f"{objective.function}: expected a function or a torch.nn.Module, got a {kind.__name__}")
    module: nn.Module = kind(run, columns)
    return module


def loss_function(objective: Objective, module: nn.Module | None = None) -> Loss:
    """Return `loss(z1, z2, labels, temperature, anchors, **options)` of an objective: a scalar, its mean over anchors.

    The loss takes views [B, d] and labels [B]. Half types are converted to float32, float64 stays. Options that the
    objective does not read are left out. `anchors` selects the images whose terms are averaged if several processes
    share a batch; a function without that parameter averages all terms in each process. Unit length of rows is not
    checked, as that would cost a pass over them.

    Args:
        objective: names the function.
        module: of `loss_module`, if the objective has one.

    Raises:
        ValueError: the loss is called with other shapes, or with a temperature that is not positive.
        SettingsError: the function does not return a single number.
    """
    function: Loss = module or load(objective.function)
    takes_anchors = "anchors" in inspect.signature(module.forward if module else function).parameters

    def loss(
        z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL, **options: str
    ) -> Tensor:
        if z1.ndim != 2 or z1.shape != z2.shape or labels.shape != z1.shape[:1]:
            raise ValueError(
                "expected two views [B, d] and labels [B], "
                f"got z1 {tuple(z1.shape)}, z2 {tuple(z2.shape)}, labels {tuple(labels.shape)}"
            )
        if len(z1) < 2:
            raise ValueError(f"expected a batch of at least 2 images, as anchors need negatives, got {len(z1)}")
        if not temperature > 0:
            raise ValueError(f"temperature: expected a positive number, got {temperature}")
        arguments: dict[str, Any] = {name: value for name, value in options.items() if name in objective.options}
        if objective.same_class_negative_dropout is not None:
            arguments["dropped"] = objective.same_class_negative_dropout
        if takes_anchors:
            arguments["anchors"] = anchors
        visible_labels = None if objective.labels == "none" else labels
        with torch.autocast(z1.device.type, enabled=False):
            value = function(full_precision(z1), full_precision(z2), visible_labels, temperature, **arguments)
        if not isinstance(value, Tensor) or value.ndim:
            hint = ": end it with .mean()" if isinstance(value, Tensor) else ""
            raise SettingsError(
                f"{objective.function}: expected one number, a tensor of shape [], got {shape_text(value)}{hint}"
            )
        return value

    return loss
