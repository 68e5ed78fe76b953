"""A vision transformer for machines without an accelerator: 2 heads, 4 blocks, 4 x 4 patches; 2 widths of columns."""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.transformer import transformer

COLUMNS = 2  # widths; with these three a wrong width or size of views is found before anything starts
HEADS = 2
PATCHES = 4  # a side


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    return transformer(COLUMNS * settings.width, HEADS, 4, PATCHES, settings, channels, size)
