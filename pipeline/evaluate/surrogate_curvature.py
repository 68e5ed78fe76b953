"""Assumptions of the theory, measured along the training of a CL network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.config.run import Run
from pipeline.config.theory_settings import SurrogateSettings
from twin_alignment.losses.contrastive import contrastive
from twin_alignment.randomness import keyed_generator
from twin_alignment.theory.smoothness import SurrogateStep, largest_eigenvalue, surrogate_steps


@dataclass(frozen=True)
class Curvature:
    """Curvature at one epoch.

    Attributes:
        epoch: of the checkpoint.
        sum_of_rates: sum of the learning rates of all steps so far.
        beta: Hessian eigenvalue of largest absolute value, of CL's loss of one batch.
    """

    epoch: int
    sum_of_rates: float
    beta: float


@dataclass(frozen=True)
class Assumptions:
    """Curvature at every epoch, and surrogate steps {epoch: steps} from the first and the last epoch's weights."""

    curvature: list[Curvature]
    surrogate: dict[int, list[SurrogateStep]]


def along_training(
    run: Run,
    network: nn.Module,
    view1: Tensor,
    view2: Tensor,
    rates: Mapping[int, float],
    state_of: Callable[[int], Mapping[str, Tensor]],
    settings: SurrogateSettings,
) -> Assumptions:
    """Measure curvature and surrogate steps on two views of one batch.

    Args:
        run: temperature, denominator, view pairs and seed are read.
        network: returns unit rows z [B, k]; left with other weights.
        view1: first views [B, C, H, W].
        view2: second views [B, C, H, W].
        rates: {epoch: sum of the learning rates so far}.
        state_of: returns the network's weights at an epoch.
        settings: iterations and steps.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]
    generator = keyed_generator(run.seed, "curvature")
    draws = [generator.normal(size=tuple(p.shape)).astype(np.float32) for p in parameters]
    start = [torch.from_numpy(draw).to(p) for draw, p in zip(draws, parameters, strict=True)]

    def objective() -> Tensor:
        """Compute CL's loss."""
        z1, z2 = network(view1), network(view2)
        return contrastive(z1, z2, None, run.temperature, run.denominator, run.view_pairs)

    def similarities() -> Tensor:
        """Compute similarities [B, B] of anchors (first views) with second views."""
        product: Tensor = network(view1) @ network(view2).T
        return product

    rows, surrogate = [], {}
    for epoch, sum_of_rates in rates.items():
        network.load_state_dict(state_of(epoch))
        beta = largest_eigenvalue(objective, parameters, start, settings.iterations)
        rows.append(Curvature(epoch, sum_of_rates, beta))
        if epoch in (0, run.epochs):
            surrogate[epoch] = surrogate_steps(similarities, parameters, settings.rate, settings.steps, run.temperature)
    return Assumptions(rows, surrogate)
