"""ResNet-50 (He et al. 2016), the paper's."""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.residual import residual


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    return residual("Bottleneck", (3, 4, 6, 3), settings, channels)
