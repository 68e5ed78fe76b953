"""Vision transformers of any width, depth and number of patches."""

from torch import nn

from pipeline.settings.training import TrainingSettings
from pipeline.vision import torchvision


def transformer(
    heads: int, blocks: int, patches: int, settings: TrainingSettings, channels: int, size: tuple[int, int]
) -> nn.Module:
    """torchvision's, `patches` a side, `settings.width` columns a head; views must be square and cut evenly."""
    side = max(size)
    if size[0] != size[1] or side % patches:
        raise ValueError(
            f"{settings.encoder} cuts square images into {patches} x {patches} patches, and the views have "
            f"{size[0]} x {size[1]} pixels: choose a square size that is a multiple of {patches}"
        )
    hidden = settings.width * heads
    made = torchvision.models.VisionTransformer(
        image_size=side,
        patch_size=side // patches,
        num_layers=blocks,
        num_heads=heads,
        hidden_dim=hidden,
        mlp_dim=4 * hidden,
    )
    if channels != made.conv_proj.in_channels:
        cut = made.conv_proj
        made.conv_proj = nn.Conv2d(channels, hidden, cut.kernel_size, cut.stride)
    made.heads = nn.Identity()
    return made  # type: ignore[no-any-return]
