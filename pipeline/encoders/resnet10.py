"""ResNet-10: one basic block a stage, for machines without an accelerator."""

from torch import nn

from pipeline.networks.residual import residual
from pipeline.settings.training import TrainingSettings


def build(settings: TrainingSettings, channels: int, size: tuple[int, int]) -> nn.Module:
    return residual("BasicBlock", (1, 1, 1, 1), settings, channels)
