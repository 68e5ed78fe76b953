"""Resumable training state: enough for a bit-exact resume, with the key of the settings and data that it belongs to."""

import os
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch

from pipeline.system.files import damaged_member, quarantine, sha256, write_atomically
from twin_alignment.progress import say

State = dict[str, Any]
KEYS = {"origin", "kept", "epoch", "step", "networks", "optimisers", "digests", "rows"}


class StateError(ValueError):
    """Training state cannot be resumed. The message omits the path."""


def save_state(path: Path, state: State) -> None:
    """Write a state; the previous one stays next to it, in case this one is damaged."""
    if path.is_file():
        os.replace(path, previous_path(path))
    write_atomically(path, lambda temporary: _write(temporary, state))


def previous_path(path: Path) -> Path:
    """Path of the state before the last one."""
    return path.with_name(f"{path.name}.before")


def load_state(path: Path) -> State:
    """Read a state. Raises StateError if a bit was flipped (PyTorch ignores its archives' checksums)."""
    try:
        if (member := damaged_member(path)) is not None:
            raise StateError(f"damaged in {member}")
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except (
        *(zipfile.BadZipFile, zlib.error, NotImplementedError, UnicodeDecodeError, EOFError),
        *(pickle.UnpicklingError, RuntimeError, OSError, KeyError, ValueError),
    ) as error:
        raise error if isinstance(error, StateError) else StateError(f"damaged: {error}") from None
    if not (isinstance(state, dict) and state.keys() >= KEYS):
        raise StateError("not a state of this version")
    return state


def load_latest_valid_state(path: Path, origin: str, folder: Path) -> State | None:
    """Load the last state that can be resumed; invalid ones are renamed and reported on standard error.

    Args:
        path: the state's file.
        origin: key of the settings and data; a state with another key is invalid.
        folder: checkpoints of the run; a state whose checkpoints are missing or altered is invalid.

    Returns:
        The state, or None if training has to start from scratch.
    """
    for candidate in (path, previous_path(path)):
        if not candidate.is_file():
            continue
        try:
            state = load_state(candidate)
            _check(state, origin, folder)
        except StateError as error:
            say(f"{candidate}: {error}; moved to {quarantine(candidate).name}")
            continue
        return state
    return None


def _check(state: State, origin: str, folder: Path) -> None:
    """Raise StateError if the state belongs to another run, or one of its checkpoints is not as it was written."""
    if state["origin"] != origin:
        raise StateError("of another run, other settings or other data")
    for name, digest in state["kept"].items():
        path = folder / name
        if not path.is_file():
            raise StateError(f"its checkpoint {path} is missing")
        if sha256(path) != digest:
            raise StateError(f"its checkpoint {path} was altered, and moved to {quarantine(path).name}")


def _write(path: Path, state: State) -> None:
    """Save, and raise the system's OSError on a full disk, which PyTorch hides behind a RuntimeError."""
    with path.open("wb") as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None
