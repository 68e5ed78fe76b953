"""Work that is done ahead by other threads."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

DEPTH = 2  # batches that are decoded while one is used


def prefetch(items: Iterable[Item], depth: int = DEPTH) -> Iterator[Item]:
    """Yield items, each taken from its source while the `depth` items before it are used."""
    waiting: deque[Item] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > depth:
            yield waiting.popleft()
    yield from waiting


def map_in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results in the order of the items, computed by all cores; a bounded number of them is in memory."""
    with ThreadPoolExecutor(cores()) as pool:
        for future in prefetch((pool.submit(function, item) for item in items), 2 * cores()):
            yield future.result()


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
