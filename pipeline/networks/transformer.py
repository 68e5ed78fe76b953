"""Vision transformers of any width, depth and number of patches."""

from torch import nn

from pipeline.settings.training import TrainingSettings
from pipeline.vision import torchvision


def transformer(
    columns: int,
    heads: int,
    blocks: int,
    patches: int,
    settings: TrainingSettings,
    channels: int,
    size: tuple[int, int],
) -> nn.Module:
    """torchvision's, `columns` wide with an MLP of four times that, `patches` a side; views must be cut evenly.

    Raises ValueError for views that are not square or no multiple of the patches, and for columns that the heads cannot
    share.
    """
    side = max(size)
    if size[0] != size[1] or side % patches:
        raise ValueError(
            f"{settings.encoder} cuts square images into {patches} x {patches} patches, and the views have "
            f"{size[0]} x {size[1]} pixels: choose a square size that is a multiple of {patches}"
        )
    if columns % heads:
        raise ValueError(
            f"{settings.encoder}: width = {settings.width} gives {columns} columns, which its {heads} heads "
            "cannot share evenly: choose another width"
        )
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
