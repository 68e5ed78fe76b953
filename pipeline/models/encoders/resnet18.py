"""ResNet-18 (He et al. 2016)."""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.residual import residual


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    return residual("BasicBlock", (2, 2, 2, 2), settings, channels)
