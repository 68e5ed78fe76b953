"""Chunks of rows, with progress for a caller."""

from collections.abc import Callable, Iterable

CHUNK = 1024  # rows whose similarities to all others are in memory at once
Track = Callable[[Iterable[int], int], Iterable[int]]  # yields the items, given their number


def untracked(items: Iterable[int], total: int) -> Iterable[int]:
    """Return the items without progress."""
    return items
