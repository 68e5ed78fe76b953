"""The fastest memory layout of convolutions in two dimensions."""

import torch
from torch import Tensor, nn


def channels_last(batch: Tensor) -> Tensor:
    """Put the channels of images [B, C, H, W] last in memory; batches of other shapes become contiguous."""
    return batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch.contiguous()


def channels_last_kernels(network: nn.Module) -> None:
    """Put the channels of kernels last in memory, in place, unless a kernel has three dimensions."""
    if all(parameter.ndim < 5 for parameter in network.parameters()):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
