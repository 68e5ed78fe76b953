"""Stopping between two steps when asked to, so that nothing is lost."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)  # a scheduler's time limit, and Ctrl-C


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], int]]:
    """Gives a function that says by which signal the process was asked to stop, 0 if by none. A second signal stops it
    at once. Elsewhere than in the main thread, where Python takes no signals, it always says 0."""
    received = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal received
        received = number
        for one, earlier in handlers.items():
            signal.signal(one, earlier)

    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {one: signal.signal(one, note) for one in SIGNALS}
    try:
        yield lambda: received
    finally:
        for one, earlier in handlers.items():
            signal.signal(one, earlier)
