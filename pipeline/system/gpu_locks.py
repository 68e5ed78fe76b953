"""Of a machine's cards those for one job of the workflow: jobs beside each other take different ones."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

VISIBLE = "CUDA_VISIBLE_DEVICES"
WANTED = "TWIN_ALIGNMENT_CARDS"  # how many, as the workflow says it to its jobs
held: list[FileLock] = []  # as long as the process lives


def choose_cards(wanted: int) -> None:
    """Let this process see so many cards, where it would see more: those that the fewest other processes of this user
    have chosen. To be called before torch looks for cards."""
    cards = visible_cards()
    if len(cards) > wanted:
        folder = Path(tempfile.gettempdir(), f"twin-alignment-cards-{os.getuid()}")
        os.environ[VISIBLE] = ",".join(_take(cards, wanted, folder))


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


def _take(cards: Sequence[str], wanted: int, folder: Path) -> list[str]:
    """Cards whose locks of the lowest numbers are free. The system frees the locks of a process that ended."""
    folder.mkdir(exist_ok=True)
    chosen: list[str] = []
    for number in count():
        for card in cards:
            if len(chosen) == wanted:
                return chosen
            if card not in chosen and _locked(folder / f"{card.replace('/', ':')}.{number}"):
                chosen.append(card)
    return chosen


def _locked(file: Path) -> bool:
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    held.append(lock)
    return True
