"""Keyed randomness: every draw comes from a generator named by what it is for, never from global state.

A resumed run, a run elsewhere and a run with one more twin therefore see the same batches and the same views.
"""

import hashlib

import numpy as np


def keyed_generator(seed: int, purpose: str, *counters: int | str) -> np.random.Generator:
    """Generator for one purpose at one point (epoch, step, ...).

    The 128-bit key of a counter-based generator (Philox, Salmon et al. 2011) is the SHA-256 of the key's text, so
    that streams of different keys are independent and equal keys give equal streams on every machine.
    """
    text = "/".join(str(part) for part in (seed, purpose, *counters))
    key = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype="<u8")
    return np.random.Generator(np.random.Philox(key=key))


def torch_seed(seed: int, purpose: str, *counters: int | str) -> int:
    """Seed for a library that only knows torch's global generator; use it inside `torch.random.fork_rng`."""
    return int(keyed_generator(seed, purpose, *counters).integers(2**32))
