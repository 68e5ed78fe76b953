"""The paper's vision transformer for small images: 12 blocks of 12 heads, 8 x 8 patches, 4 pixels each at 32.

Six widths of columns: 384 with an MLP of 1,536 at the published width of 64, as wide as DeiT-small (Touvron et al.
2021), which has 6 heads. At 64 pixels the patches are 8 pixels each; the paper does not say.
"""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.transformer import transformer

COLUMNS = 6  # widths; with these three a wrong width or size of views is found before anything starts
HEADS = 12
PATCHES = 8  # a side


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    return transformer(COLUMNS * settings.width, HEADS, 12, PATCHES, settings, channels, size)
