"""Encoders of timm, untrained: `timm:NAME` in the settings."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from pipeline.config.base import SettingsError
from pipeline.config.training_settings import TrainingSettings

if TYPE_CHECKING:
    from torch import nn

PREFIX = "timm:"


def build(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    """Build timm's network without a classifier, h [B, d] its pooled features; random weights by torch's generator.

    Args:
        settings: the encoder's name is read.
        channels: of the images.
        size: (height, width) of the views, for networks of a fixed size.

    Raises:
        SettingsError: timm cannot build it for such images.
    """
    import torch  # noqa: PLC0415  (plans read this module)

    timm = _timm()
    name = settings.encoder.removeprefix(PREFIX)
    fixed = timm.models.get_pretrained_cfg_value(name, "fixed_input_size")
    options = {"img_size": size} if fixed else {}
    try:
        encoder: nn.Module = timm.create_model(name, num_classes=0, in_chans=channels, **options)
        with torch.no_grad():  # in evaluation mode, so that no batch statistics change
            encoder.eval()(torch.zeros(1, channels, *size))
    except (TypeError, ValueError, AssertionError, RuntimeError, ZeroDivisionError) as error:
        message = " ".join(str(error).split())
        raise SettingsError(
            f"{settings.encoder}: timm cannot build it for images [{channels}, {', '.join(map(str, size))}]: {message}"
        ) from error
    return encoder.train()


def check_timm(settings: TrainingSettings, where: str) -> None:
    """Raise SettingsError where timm has no such network, or `width` or `stem` are set, which it does not read."""
    if not importlib.util.find_spec("timm"):
        raise SettingsError(f"{where}: encoder: {settings.encoder} needs timm, of the extra `models`")
    name = settings.encoder.removeprefix(PREFIX)
    if "." in name or not _timm().is_model(name):
        tag = f" without the tag of weights, {PREFIX}{name.partition('.')[0]}" if "." in name else ""
        raise SettingsError(f"{where}: encoder: expected a name of timm.list_models(){tag}, got {settings.encoder!r}")
    for key in ("width", "stem"):
        default = TrainingSettings.model_fields[key].default
        if getattr(settings, key) != default:
            raise SettingsError(
                f"{where}: {key}: expected {default} with {settings.encoder}, which does not read it, got "
                f"{getattr(settings, key)}"
            )


def _timm() -> Any:
    """timm, which takes seconds to import, after the torchvision that it imports."""
    importlib.import_module("twin_alignment.torchvision_shim")
    return importlib.import_module("timm")
