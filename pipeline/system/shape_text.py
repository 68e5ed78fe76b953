"""Describe a returned value in an error message."""

from collections.abc import Sized

from torch import Tensor


def shape_text(value: object) -> str:
    """Return a tensor's shape, such as `[2, 8]`, or the type of another value, with its length if it has one."""
    if isinstance(value, Tensor):
        return f"[{', '.join(map(str, value.shape))}]"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, Sized) else type(value).__name__
