"""Check that a transformer can cut its images, without building it."""

from pipeline.config.base import SettingsError
from pipeline.config.training_settings import TrainingSettings


def check_patches(settings: TrainingSettings, columns: int, heads: int, patches: int, size: tuple[int, ...]) -> None:
    """Raise SettingsError if a transformer cannot be built.

    Args:
        settings: encoder and width, for the message.
        columns: of the features; expected a multiple of `heads`.
        heads: of the attention.
        patches: on a side.
        size: (height, width) of the views; expected a square, and a multiple of `patches`.
    """
    height, width = size
    if height != width or height % patches:
        raise SettingsError(
            f"{settings.encoder} cuts square images into {patches} x {patches} patches, and the views have "
            f"{height} x {width} pixels: choose a square size that is a multiple of {patches}"
        )
    if columns % heads:
        raise SettingsError(
            f"{settings.encoder}: width = {settings.width} gives {columns} columns, which its {heads} heads "
            "cannot share evenly: choose another width"
        )
