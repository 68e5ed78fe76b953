"""DeiT-tiny's heads and blocks (Touvron et al. 2021); 8 x 8 patches are 4 pixels each at 32, 28 at 224."""

from torch import nn

from pipeline.networks.transformer import transformer
from pipeline.settings.training import TrainingSettings


def build(settings: TrainingSettings, channels: int, size: tuple[int, int]) -> nn.Module:
    return transformer(3, 12, 8, settings, channels, size)
