"""Waiting for what another process does."""

import time


def wait_for(path, process):
    """Until a file is there; no longer than the process lives that is to make it, and two minutes at most."""
    deadline = time.monotonic() + 120
    while not path.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
