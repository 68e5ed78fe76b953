"""ResNet-50 (He et al. 2016), the paper's."""

from torch import nn

from pipeline.networks.residual import residual
from pipeline.settings.training import TrainingSettings


def build(settings: TrainingSettings, channels: int, size: tuple[int, int]) -> nn.Module:
    return residual("Bottleneck", (3, 4, 6, 3), settings, channels)
