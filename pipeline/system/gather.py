"""Gather the rows of several processes, with gradients."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class _GatherRows(torch.autograd.Function):
    """Own code, because torch 2.13 deprecates the gather of `torch.distributed.nn`, and 2.11 has no replacement."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total.chunk(dist.get_world_size())[dist.get_rank()]


def gather_rows(rows: Tensor) -> Tensor:
    """Concatenate the rows [b, ...] of all processes to [processes * b, ...]; gradients are summed over processes."""
    all_rows: Tensor = _GatherRows.apply(rows)  # type: ignore[no-untyped-call]
    return all_rows
