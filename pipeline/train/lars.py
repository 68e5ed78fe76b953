"""LARS (You et al. 2017) with foreach operations: a few kernels for all parameters, and no wait for the device."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class LARS(Optimizer):
    """Layer-wise adaptive rate scaling with heavy-ball momentum.

    u = scale * (gradient + weight_decay * w); v = momentum * v + u; w -= lr * v. If a group adapts, the scale of each
    tensor is trust_coefficient * |w| / (|gradient| + weight_decay * |w|) (You et al., eq. 6), otherwise 1. If |w| or
    |gradient| is zero, the scale is the group's `zero_norm_scale`: 1 as in SimCLR, or 0 as in the paper's released
    code, which therefore never moves parameters that start at zero.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 1e-6,
        trust_coefficient: float = 1e-3,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "trust_coefficient": trust_coefficient,
            "adapt": True,
            "zero_norm_scale": 1.0,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # without a closure, which nothing here has
        """Make one update; parameters without a gradient do not move."""
        for group in self.param_groups:
            weights = [p for p in group["params"] if p.grad is not None]
            if weights:
                self._update(weights, group)

    def _update(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        """Update the weights of one group, all of which have gradients."""
        gradients = [p.grad for p in weights if p.grad is not None]
        updates = torch._foreach_add(gradients, weights, alpha=group["weight_decay"])
        if group["adapt"]:
            weight_norms = torch.stack(torch._foreach_norm(weights))
            gradient_norms = torch.stack(torch._foreach_norm(gradients))
            scales = group["trust_coefficient"] * weight_norms
            scales = scales / (gradient_norms + group["weight_decay"] * weight_norms)
            scales = torch.where((weight_norms > 0) & (gradient_norms > 0), scales, group["zero_norm_scale"])
            torch._foreach_mul_(updates, scales.unbind())
        velocities = []
        for p in weights:
            state = self.state[p]
            if "velocity" not in state:
                state["velocity"] = torch.zeros_like(p)
            velocities.append(state["velocity"])
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, updates)
        torch._foreach_add_(weights, velocities, alpha=-group["lr"])


def parameter_groups(module: nn.Module, exclude: str) -> list[dict[str, Any]]:
    """Group a module's trained parameters for LARS.

    Args:
        module: the network.
        exclude: `bias_and_norm` (SimCLR): vectors, that is biases and norms, have neither weight decay nor adaptation.
            `none` (the released code): all parameters have both, and those of zero norm do not move.

    Raises:
        ValueError: `exclude` is another word.
    """
    trained = [p for p in module.parameters() if p.requires_grad]
    if exclude == "none":
        return [{"params": trained, "zero_norm_scale": 0.0}]
    if exclude != "bias_and_norm":
        raise ValueError(f"lars_exclude: expected bias_and_norm or none, got {exclude!r}")
    return [
        {"params": [p for p in trained if p.ndim > 1]},
        {"params": [p for p in trained if p.ndim <= 1], "adapt": False, "weight_decay": 0.0},
    ]
