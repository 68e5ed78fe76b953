"""A vision transformer for machines without an accelerator: 2 heads, 4 blocks, 4 x 4 patches; 2 widths of columns."""

from torch import nn

from pipeline.networks.transformer import transformer
from pipeline.settings.training import TrainingSettings


def build(settings: TrainingSettings, channels: int, size: tuple[int, int]) -> nn.Module:
    return transformer(2 * settings.width, 2, 4, 4, settings, channels, size)
