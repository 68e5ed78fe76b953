"""Optimiser of a run's twins."""

import torch
from torch import nn
from torch.optim import Optimizer

from pipeline.config.run import Run
from pipeline.train.lars import LARS, parameter_groups


def build_optimiser(run: Run, network: nn.Module) -> Optimizer:
    """LARS with the run's settings, or plain SGD; the learning rate is set before every step."""
    if run.optimiser == "sgd":
        return torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.0)
    groups = parameter_groups(network, run.lars_exclude)
    return LARS(
        groups, lr=0.0, momentum=run.momentum, weight_decay=run.weight_decay, trust_coefficient=run.trust_coefficient
    )
