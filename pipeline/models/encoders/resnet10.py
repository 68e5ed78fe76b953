"""ResNet-10: one basic block a stage, for machines without an accelerator."""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.residual import residual


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    return residual("BasicBlock", (1, 1, 1, 1), settings, channels)
