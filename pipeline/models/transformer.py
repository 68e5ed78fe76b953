"""Vision transformers of any width, depth and number of patches."""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.patches import check_patches
from pipeline.models.vision import torchvision


def transformer(
    columns: int,
    heads: int,
    blocks: int,
    patches: int,
    settings: TrainingSettings,
    channels: int,
    size: tuple[int, int],
) -> nn.Module:
    """torchvision's, `columns` wide with an MLP of four times that, `patches` a side; raises as `check_patches`."""
    check_patches(settings, columns, heads, patches, size)
    side = max(size)
    made = torchvision.models.VisionTransformer(
        image_size=side,
        patch_size=side // patches,
        num_layers=blocks,
        num_heads=heads,
        hidden_dim=columns,
        mlp_dim=4 * columns,
    )
    if channels != made.conv_proj.in_channels:
        cut = made.conv_proj
        made.conv_proj = nn.Conv2d(channels, columns, cut.kernel_size, cut.stride)
    made.heads = nn.Identity()
    return made  # type: ignore[no-any-return]
