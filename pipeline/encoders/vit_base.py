"""The paper's vision transformer at 224 pixels, ViT-B/16 (Dosovitskiy et al. 2021): 12 blocks of 12 heads, 14 x 14
patches.

Twelve widths of columns: 768 at the published width of 64.
"""

from torch import nn

from pipeline.networks.transformer import transformer
from pipeline.settings.training import TrainingSettings


def build(settings: TrainingSettings, channels: int, size: tuple[int, int]) -> nn.Module:
    return transformer(12 * settings.width, 12, 12, 14, settings, channels, size)
