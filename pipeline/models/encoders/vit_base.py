"""The paper's vision transformer at 224 pixels, ViT-B/16 (Dosovitskiy et al. 2021): 12 blocks of 12 heads, 14 x 14
patches.

Twelve widths of columns: 768 at the published width of 64.
"""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.transformer import transformer

COLUMNS = 12  # widths; with these three a wrong width or size of views is found before anything starts
HEADS = 12
PATCHES = 14  # a side


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    return transformer(COLUMNS * settings.width, HEADS, 12, PATCHES, settings, channels, size)
