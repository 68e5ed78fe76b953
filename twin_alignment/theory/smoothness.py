"""Assumptions of the theory, measured on a network: its smoothness, and the error of similarity descent as a surrogate
of gradient descent on its weights."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from twin_alignment.theory.similarity_descent import batch_gradient


def largest_eigenvalue(
    loss: Callable[[], Tensor], parameters: Sequence[Tensor], start: Sequence[Tensor], iterations: int
) -> float:
    """Eigenvalue of largest absolute value of the loss's Hessian: an estimate of beta in Theorem 2, never above it.

    Args:
        loss: the loss, a scalar that depends on the parameters.
        parameters: tensors.
        start: direction where the power iteration starts, in the shapes of the parameters.
        iterations: number of iterations, a second derivative each.

    Example:
        >>> x = torch.ones(2, requires_grad=True)
        >>> largest_eigenvalue(lambda: 3 * x[0] ** 2 + x[1] ** 2, [x], [torch.ones(2)], iterations=40)
        6.0
    """
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
    """Training and similarity descent after some steps from a common start."""

    step: int
    moved: float  # |S_k - S_0|_F of training
    error: float  # |S_k - descent's S_k|_F / moved
    cosine: float  # of both displacements


def surrogate_steps(
    similarities: Callable[[], Tensor], parameters: Sequence[Tensor], rate: float, steps: int, temperature: float
) -> list[SurrogateStep]:
    """Take gradient steps on the weights under CL's batch loss, and similarity descent of the same first length.

    Args:
        similarities: similarities [B, B] of a batch, which depend on the parameters.
        parameters: tensors, changed in place.
        rate: learning rate on the weights.
        steps: number of steps.
        temperature: tau, above 0.
    """
    start = similarities().detach().double()
    same_image = torch.eye(len(start), dtype=torch.bool, device=start.device)
    descent, descent_rate = start.clone(), math.nan
    rows = []
    for step in range(1, steps + 1):
        now = similarities()
        pushed, _ = batch_gradient(now.detach().double(), same_image, temperature)
        gradient = torch.autograd.grad(now, parameters, grad_outputs=pushed.to(now.dtype))
        with torch.no_grad():
            torch._foreach_add_(list(parameters), list(gradient), alpha=-rate)
        moved = similarities().detach().double() - start
        descent_gradient, _ = batch_gradient(descent, same_image, temperature)
        if step == 1:
            descent_rate = float(moved.norm() / descent_gradient.norm())
        descent = descent - descent_rate * descent_gradient
        surrogate = descent - start
        cosine = float((moved * surrogate).sum() / (moved.norm() * surrogate.norm()))
        rows.append(SurrogateStep(step, float(moved.norm()), float((moved - surrogate).norm() / moved.norm()), cosine))
    return rows
