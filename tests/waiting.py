"""Waiting for what another process does."""

import time


def wait_for(path, process):
    """Wait until a file exists, while the process that makes it lives, two minutes at most."""
    deadline = time.monotonic() + 120
    while not path.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
