"""A multilayer perceptron for rows of numbers: `depth` layers of `width` columns, each with batch norm and ReLU."""

import math
from itertools import pairwise

from torch import nn

from pipeline.config.training_settings import TrainingSettings

ANY_SHAPE = True  # of a row, which is flattened


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    columns = [channels * math.prod(size), *[settings.width] * settings.depth]
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in pairwise(columns):
        # a bias would be removed by the batch norm
        layers += [nn.Linear(before, after, bias=False), nn.BatchNorm1d(after), nn.ReLU()]
    return nn.Sequential(*layers)
