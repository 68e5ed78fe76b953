"""What the theory assumes of networks, measured along the training of a CL network."""

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
    """At one epoch."""

    epoch: int
    sum_of_rates: float  # of all steps so far
    beta: float  # largest Hessian eigenvalue of CL's loss of one batch


@dataclass(frozen=True)
class Assumptions:
    curvature: list[Curvature]
    surrogate: dict[int, list[SurrogateStep]]  # from the first and the last epoch's weights


def along_training(
    run: Run,
    network: nn.Module,
    view1: Tensor,
    view2: Tensor,
    rates: Mapping[int, float],
    state_of: Callable[[int], Mapping[str, Tensor]],
    settings: SurrogateSettings,
) -> Assumptions:
    """On two views [B, C, H, W] of one batch, with the weights `state_of(epoch)` of every epoch of `rates`, which has
    the sums of learning rates until then. The network gives unit rows z [B, k]; it is left with other weights."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    generator = keyed_generator(run.seed, "curvature")
    draws = [generator.normal(size=tuple(p.shape)).astype(np.float32) for p in parameters]
    start = [torch.from_numpy(draw).to(p) for draw, p in zip(draws, parameters, strict=True)]

    def objective() -> Tensor:
        z1, z2 = network(view1), network(view2)
        return contrastive(z1, z2, None, run.temperature, run.denominator, run.view_pairs)

    def similarities() -> Tensor:
        """Anchors are the first views; their positives and negatives are second views."""
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
