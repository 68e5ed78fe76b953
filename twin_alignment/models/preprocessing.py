"""From an image to the tensor that a network reads: timm's or torchvision's own preparation, or ImageNet's."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps
from torch import Tensor, nn

from twin_alignment.errors import InputError
from twin_alignment.white_background import on_white


@dataclass(frozen=True)
class Overrides:
    """Changes to a network's own preparation; None: as the network has it.

    Attributes:
        size: height = width in pixels of the crop; the resized image grows with it.
        mean: one number for each channel, of pixels in [0, 1].
        std: one number for each channel.
    """

    size: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Preprocessing:
    """Preparation of images for a network.

    Attributes:
        transform: from a Pillow image to a tensor [C, H, W].
        channels: 1 (grey) or 3.
        size: (height, width) of the result.
        origin: where it comes from, for a reader.
    """

    transform: Callable[[Image.Image], Tensor]
    channels: int
    size: tuple[int, int]
    origin: str

    @property
    def text(self) -> str:
        """All steps in one line; equal texts give equal tensors."""
        return f"{'grey' if self.channels == 1 else 'RGB'}, {' '.join(repr(self.transform).split())}"

    def __call__(self, image: Image.Image) -> Tensor:
        """Return the tensor [C, H, W] of an image, upright as its EXIF data say, with transparent parts on white."""
        upright = on_white(ImageOps.exif_transpose(image))
        return self.transform(upright.convert("L" if self.channels == 1 else "RGB"))


def timm_preprocessing(module: nn.Module, overrides: Overrides) -> Preprocessing:
    """Preparation of timm's configuration of a network."""
    data: Any = importlib.import_module("timm.data")  # takes seconds
    config = data.resolve_model_data_config(module)
    channels, *_ = config["input_size"]
    if overrides.size:
        config["input_size"] = (channels, overrides.size, overrides.size)
    config["mean"], config["std"] = _statistics(overrides, config["mean"], config["std"])
    transform: Any = data.create_transform(**config, is_training=False)
    return Preprocessing(transform, len(config["mean"]), tuple(config["input_size"][1:]), "timm's configuration")


def torchvision_preprocessing(name: str, overrides: Overrides) -> Preprocessing:
    """Preparation of the newest weights that torchvision has of a network; raises InputError for no classifier."""
    from twin_alignment.torchvision_shim import torchvision  # noqa: PLC0415  (takes seconds)

    preset = torchvision.models.get_model_weights(name).DEFAULT.transforms()
    if not hasattr(preset, "crop_size"):
        raise InputError(f"torchvision:{name}: expected a network that classifies images")
    return _of_preset(preset, overrides, "torchvision's newest weights")


def imagenet_preprocessing(overrides: Overrides) -> Preprocessing:
    """Preparation that is usual for ImageNet: shorter side to 256 pixels, bilinear, 224 in the middle."""
    from twin_alignment.torchvision_shim import torchvision  # noqa: PLC0415  (takes seconds)

    preset = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()
    return _of_preset(preset, overrides, "ImageNet's defaults, as the file says nothing")


def _of_preset(preset: Any, overrides: Overrides, origin: str) -> Preprocessing:
    """Preparation by torchvision's `ImageClassification`."""
    (crop,), (resize,) = preset.crop_size, preset.resize_size
    if overrides.size:
        crop, resize = overrides.size, round(resize * overrides.size / crop)
        preset.crop_size, preset.resize_size = [crop], [resize]
    preset.mean, preset.std = map(list, _statistics(overrides, preset.mean, preset.std))
    return Preprocessing(preset, len(preset.mean), (crop, crop), origin)


def _statistics(overrides: Overrides, mean: Any, std: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel; raises InputError where they are not of the same 1 or 3 channels."""
    mean, std = tuple(overrides.mean or mean), tuple(overrides.std or std)
    if len(mean) != len(std) or len(mean) not in (1, 3):
        raise InputError(f"--mean, --std: expected 1 or 3 numbers in both, got {len(mean)} and {len(std)}")
    if not all(value > 0 for value in std):
        raise InputError(f"--std: expected numbers above 0, got {', '.join(map(str, std))}")
    return mean, std
