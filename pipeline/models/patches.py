"""Whether a transformer can cut its images, known without building it."""

from pipeline.config.base import SettingsError
from pipeline.config.training_settings import TrainingSettings


def check_patches(settings: TrainingSettings, columns: int, heads: int, patches: int, size: tuple[int, int]) -> None:
    """Raises SettingsError for views that are not square or no multiple of the patches, `patches` a side, and for
    columns that the heads cannot share."""
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
