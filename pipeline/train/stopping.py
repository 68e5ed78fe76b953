"""Stop between two steps when a signal arrives, so that nothing is lost."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)  # a scheduler's time limit, and Ctrl-C


@contextmanager
def graceful_shutdown() -> Iterator[Callable[[], int]]:
    """Yield a callable that returns the received signal's number, or 0.

    A second signal stops the process at once. Python delivers signals to the main thread only; in other threads the
    callable always returns 0.
    """
    received = 0

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def receive(number: int, frame: FrameType | None) -> None:
        nonlocal received
        received = number
        restore()

    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.signal(number, receive) for number in SIGNALS}
    try:
        yield lambda: received
    finally:
        restore()
