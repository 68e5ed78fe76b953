"""Progress of long work: a bar with rate and time left on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0  # in a log


def say(message: str) -> None:
    """One line to standard error that does not break a bar."""
    tqdm.write(message, file=sys.stderr)
    sys.stderr.flush()


def track(items: Iterable[Item], total: int, label: str, done: int = 0) -> Iterator[Item]:
    """The items, with progress shown on standard error; `done` of `total` were finished before (a resumed run)."""
    on_terminal = sys.stderr.isatty()
    with tqdm(items, desc=label, total=total, initial=done, disable=None, file=sys.stderr, leave=False) as bar:
        start = last = time.monotonic()
        for count, item in enumerate(bar, start=done + 1):
            yield item
            now = time.monotonic()
            if not on_terminal and (count == total or now - last >= SECONDS_BETWEEN_LINES):
                last = now
                say(tqdm.format_meter(count, total, now - start, prefix=label, initial=done, ncols=0))
