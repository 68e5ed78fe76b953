"""Curvature along training against the whole Hessian, and the surrogate's first step against one made by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.config.run import Run
from pipeline.config.theory_settings import SurrogateSettings
from pipeline.evaluate.surrogate_curvature import along_training
from twin_alignment.losses.contrastive import contrastive

RUN = Run(dataset="digits", epochs=2, temperature=0.7, seed=1)
SETTINGS = SurrogateSettings(iterations=400, steps=3, rate=0.05)
RATES = {0: 0.0, 1: 1.0, 2: 3.0}


class Rows(nn.Module):
    """Unit rows of flattened images under one matrix."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 4, dtype=torch.float64))

    def forward(self, images):
        return nn.functional.normalize(images.flatten(1) @ self.weight.T, dim=1)


def draw(*shape, seed):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


VIEWS = draw(5, 1, 2, 2, seed=0), draw(5, 1, 2, 2, seed=1)


def state_of(epoch):
    return {"weight": draw(3, 4, seed=[7, epoch])}


def measured():
    return along_training(RUN, Rows(), *VIEWS, RATES, state_of, SETTINGS)


def rows_of(weight, view):
    return nn.functional.normalize(view.flatten(1) @ weight.view(3, 4).T, dim=1)


def test_beta_is_the_hessians_eigenvalue_of_largest_size_at_every_epochs_weights():
    found = measured()
    assert {row.epoch: row.sum_of_rates for row in found.curvature} == RATES
    for row in found.curvature:
        hessian = torch.autograd.functional.hessian(
            lambda w: contrastive(rows_of(w, VIEWS[0]), rows_of(w, VIEWS[1]), None, 0.7),
            state_of(row.epoch)["weight"].flatten(),
        )
        values = torch.linalg.eigvalsh(hessian)
        assert row.beta == pytest.approx(values[values.abs().argmax()].item(), rel=1e-6)


def test_the_surrogate_starts_from_the_first_and_the_last_weights():
    found = measured().surrogate
    assert {epoch: [row.step for row in rows] for epoch, rows in found.items()} == {0: [1, 2, 3], 2: [1, 2, 3]}
    for epoch, rows in found.items():
        weight = state_of(epoch)["weight"].requires_grad_()
        start = rows_of(weight, VIEWS[0]) @ rows_of(weight, VIEWS[1]).T
        others = (start / 0.7).masked_fill(torch.eye(5, dtype=torch.bool), -torch.inf)
        (others.logsumexp(1) - start.diagonal() / 0.7).mean().backward()
        moved = (weight - 0.05 * weight.grad).detach()
        after = rows_of(moved, VIEWS[0]) @ rows_of(moved, VIEWS[1]).T
        assert rows[0].moved == pytest.approx((after - start).norm().item())
