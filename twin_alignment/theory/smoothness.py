"""What the theory assumes of a network, measured on one: its smoothness, and how well similarity descent stands in for
gradient descent on its weights."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from twin_alignment.theory.similarity_descent import batch_gradient


def largest_eigenvalue(
    loss: Callable[[], Tensor], parameters: Sequence[Tensor], start: Sequence[Tensor], iterations: int
) -> float:
    """Eigenvalue of largest absolute value of the loss's Hessian, by power iteration from `start` (shapes of the
    parameters): an estimate of beta in Theorem 2, in absolute value never above it. A second derivative a turn."""
    gradient = torch.autograd.grad(loss(), parameters, create_graph=True)
    direction, value = _unit(start), 0.0
    for _ in range(iterations):
        turned = torch.autograd.grad(gradient, parameters, grad_outputs=direction, retain_graph=True)
        value = sum(float((a * b).sum()) for a, b in zip(direction, turned, strict=True))
        if not any(part.abs().max() > 0 for part in turned):
            return 0.0
        direction = _unit(turned)
    return value


def _unit(parts: Sequence[Tensor]) -> list[Tensor]:
    norm = torch.stack([part.norm() for part in parts]).norm()
    return [part / norm for part in parts]


@dataclass(frozen=True)
class SurrogateStep:
    """Where training and similarity descent are after some steps from a common start."""

    step: int
    moved: float  # |S_k - S_0|_F of training
    error: float  # |S_k - descent's S_k|_F / moved
    cosine: float  # of both displacements


def surrogate_steps(
    similarities: Callable[[], Tensor], parameters: Sequence[Tensor], rate: float, steps: int, temperature: float
) -> list[SurrogateStep]:
    """Plain gradient steps on the weights under CL's batch loss of `similarities()` [B, B], beside similarity descent
    whose rate makes its first step as long. The parameters are changed in place."""
    start = similarities().detach().double()
    own = torch.eye(len(start), dtype=torch.bool, device=start.device)
    descent, descent_rate = start.clone(), math.nan
    rows = []
    for step in range(1, steps + 1):
        now = similarities()
        pushed, _ = batch_gradient(now.detach().double(), own, temperature)
        gradient = torch.autograd.grad(now, parameters, grad_outputs=pushed.to(now.dtype))
        with torch.no_grad():
            torch._foreach_add_(list(parameters), list(gradient), alpha=-rate)
        moved = similarities().detach().double() - start
        own_gradient, _ = batch_gradient(descent, own, temperature)
        if step == 1:
            descent_rate = float(moved.norm() / own_gradient.norm())
        descent = descent - descent_rate * own_gradient
        other = descent - start
        cosine = float((moved * other).sum() / (moved.norm() * other.norm()))
        rows.append(SurrogateStep(step, float(moved.norm()), float((moved - other).norm() / moved.norm()), cosine))
    return rows
