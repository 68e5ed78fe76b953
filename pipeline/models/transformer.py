"""Vision transformers of any width, depth and number of patches."""

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.patches import check_patches
from twin_alignment.torchvision_shim import torchvision


def transformer(
    columns: int,
    heads: int,
    blocks: int,
    patches: int,
    settings: TrainingSettings,
    channels: int,
    size: tuple[int, ...],
) -> nn.Module:
    """Build torchvision's vision transformer, with an MLP of four times the columns.

    Args:
        columns: of the features.
        heads: of the attention.
        blocks: number of layers.
        patches: on a side.
        settings: encoder and width, for messages.
        channels: of the images.
        size: (height, width) of the views.

    Raises:
        SettingsError: as `check_patches`.
    """
    check_patches(settings, columns, heads, patches, size)
    side = max(size)
    model = torchvision.models.VisionTransformer(
        image_size=side,
        patch_size=side // patches,
        num_layers=blocks,
        num_heads=heads,
        hidden_dim=columns,
        mlp_dim=4 * columns,
    )
    if channels != model.conv_proj.in_channels:
        patch = model.conv_proj
        model.conv_proj = nn.Conv2d(channels, columns, patch.kernel_size, patch.stride)
    model.heads = nn.Identity()
    return model  # type: ignore[no-any-return]
