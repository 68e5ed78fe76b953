"""What a function returned, in a few words of a message."""

from collections.abc import Sized

from torch import Tensor


def shape_text(value: object) -> str:
    """The shape of a tensor, as `[2, 8]`; the kind of anything else, with its length if it has one."""
    if isinstance(value, Tensor):
        return f"[{', '.join(map(str, value.shape))}]"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, Sized) else type(value).__name__
