"""Tokens and maps, pooled to rows of features."""

from collections.abc import Sequence

import torch
from torch import Tensor

POOLS = ("mean", "max", "cls", "flatten")


def pool(
    output: object, name: str, how: str = "mean", square: bool = False, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Pool the output of a layer to rows.

    Args:
        output: rows [B, d], tokens [B, T, d] or maps [B, d, H, W].
        name: of the layer, in errors.
        how: `mean` or `max` over positions, `cls` (the first token), or `flatten` (all positions in a row).
        square: True where the images are as high as wide: then [B, H, H, d] are maps with their channels last.
        dtype: type of the rows.

    Returns:
        Rows [B, d] of this type, in memory of their own.

    Raises:
        ValueError: the output has another shape, or has no tokens for `cls`.
    """
    if not isinstance(output, Tensor) or output.ndim not in (2, 3, 4):
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"{name}: expected [B, d], [B, tokens, d] or [B, d, height, width], got {shape}")
    if output.ndim == 2 or how == "flatten":
        return output.to(dtype).flatten(1).clone(memory_format=torch.contiguous_format)
    if how == "cls":
        if output.ndim == 4:
            raise ValueError(f"{name}: expected tokens [B, tokens, d] for a class token, got {tuple(output.shape)}")
        return output[:, 0].to(dtype).clone(memory_format=torch.contiguous_format)
    over = positions(output.shape, square)
    return output.to(dtype).amax(over) if how == "max" else output.to(dtype).mean(over)


def positions(shape: Sequence[int], square: bool) -> tuple[int, ...]:
    """Return the axes of an output [B, T, d] or [B, d, H, W] that are positions; see `pool` for `square`."""
    if len(shape) == 3:
        return (1,)
    _, first, second, third = shape
    return (1, 2) if square and first == second != third else (2, 3)
