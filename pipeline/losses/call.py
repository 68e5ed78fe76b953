"""One way to every objective: checked shapes, float32, labels only where the objective may see them."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pipeline.losses.contrastive import ALL, full_precision
from pipeline.references import load
from pipeline.settings.objective import Objective

Loss = Callable[..., Tensor]


def loss_function(objective: Objective) -> Loss:
    """`loss(z1, z2, labels, temperature, **options)` of an objective: the mean over its anchors, a scalar.

    Half types are taken to float32 first, float64 stays. Options that the objective does not read are left out. Raises
    ValueError for shapes and temperatures out of range; that rows have unit length is the caller's promise and is not
    checked (it would cost a pass over the rows).

    `anchors` are the images whose terms are wanted, where several processes share a batch; the mean over all processes
    is that over all anchors. A function that does not take them gives the mean over all, in each process.
    """
    function: Loss = load(objective.function)
    of_some = "anchors" in inspect.signature(function).parameters

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
        if objective.dropped is not None:
            chosen["dropped"] = objective.dropped
        if of_some:
            chosen["anchors"] = anchors
        seen = None if objective.labels == "none" else labels
        with torch.autocast(z1.device.type, enabled=False):
            return function(full_precision(z1), full_precision(z2), seen, temperature, **chosen)

    return loss
