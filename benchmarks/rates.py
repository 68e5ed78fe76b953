"""Rates that the machine reaches in work of a known size: products, convolutions and copies.

A floor is valid only at the rate of the same moment, so references run in turns with what they are compared to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from benchmarks.measure import seconds

SHAPES = ((64, 32), (128, 16), (256, 8), (512, 4))  # channels and side of a ResNet's stages on images of 32 pixels


@dataclass(frozen=True)
class Rates:
    """Rates of a machine.

    Operations a second in products and in convolutions (multiply and add count as two), and bytes a second in a copy
    (read and written).
    """

    matrix: float
    convolution: float
    copy: float

    @property
    def operations(self) -> float:
        """The better of both."""
        return max(self.matrix, self.convolution)


@dataclass(frozen=True)
class References:
    """Work to time, by name, and its amount: operations or bytes."""

    ways: Mapping[str, Callable[[], object]]
    amounts: Mapping[str, float]

    def rates(self, took: Mapping[str, float]) -> Rates:
        """The best of each kind, from seconds by name."""
        best: dict[str, float] = {}
        for name, amount in self.amounts.items():
            kind = name.partition(",")[0]
            best[kind] = max(best.get(kind, 0.0), amount / took[name])
        return Rates(best["product"], best["convolution"], best["copy"])


def references(
    device: torch.device,
    batch: int = 64,
    dtype: torch.dtype = torch.float32,
    size: int = 2048,
    copied: int = 2**27,
    shapes: tuple[tuple[int, int], ...] = SHAPES,
) -> References:
    """References of a device.

    They are a product of two matrices of `size`, 3 x 3 convolutions of a batch in the layout that training uses, and a
    copy of `copied` bytes.
    """
    a = torch.randn(size, size, device=device, dtype=dtype)
    source = torch.zeros(copied, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    ways: dict[str, Callable[[], object]] = {"product": lambda: a @ a, "copy": lambda: target.copy_(source)}
    amounts = {"product": 2.0 * size**3, "copy": 2.0 * copied}
    for channels, side in shapes:
        layer = nn.Conv2d(channels, channels, 3, padding=1, bias=False, device=device, dtype=dtype)
        layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
        images = torch.randn(batch, channels, side, side, device=device, dtype=dtype)
        images = images.contiguous(memory_format=torch.channels_last)
        name = f"convolution, {channels} channels"
        ways[name] = partial(_forward, layer, images)
        amounts[name] = 2.0 * batch * channels**2 * 9 * side**2
    return References(ways, amounts)


def idle_rates(device: torch.device, reference: References) -> Rates:
    """Rates on an idle machine."""
    return reference.rates(seconds(reference.ways, 5, device.type))


@torch.no_grad()
def _forward(layer: nn.Module, images: torch.Tensor) -> object:
    return layer(images)
