"""Of several cards one for each process that computes: those at work beside each other take different ones."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

VISIBLE = "CUDA_VISIBLE_DEVICES"
held: list[FileLock] = []  # as long as the process lives


def choose_card() -> None:
    """Let this process see one card alone, where it would see several: one that no other process of this user has
    chosen, else one of those that the fewest have. To be called before torch looks for cards."""
    cards = visible_cards()
    if len(cards) > 1:
        os.environ[VISIBLE] = _take(cards, Path(tempfile.gettempdir(), f"twin-alignment-cards-{os.getuid()}"))


def visible_cards() -> list[str]:
    """Names of the cards that this process may use, as a scheduler or a person said, else all of the machine."""
    if VISIBLE in os.environ:
        names = os.environ[VISIBLE].split(",")
    elif shutil.which("nvidia-smi"):
        asked = ("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader")
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        names = done.stdout.splitlines() if done.returncode == 0 else []
    else:
        names = []
    return [name.strip() for name in names if name.strip()]


def _take(cards: Sequence[str], folder: Path) -> str:
    """A card's lock of the lowest number that is free. The system frees the locks of a process that ended."""
    folder.mkdir(exist_ok=True)
    return next(card for number in count() for card in cards if _locked(folder / f"{card.replace('/', ':')}.{number}"))


def _locked(file: Path) -> bool:
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    held.append(lock)
    return True
