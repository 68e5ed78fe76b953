"""The state of a run that trains: enough to go on to the same bits, and to know whether one may."""

import os
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import torch

from pipeline.system.files import damaged_member, set_aside, sha256, write_atomically
from twin_alignment.progress import say

State = dict[str, Any]
KEYS = {"origin", "kept", "epoch", "step", "networks", "optimisers", "digests", "rows"}


class StateError(ValueError):
    """A state cannot be gone on from; the message says why, without the file's name."""


def save_state(path: Path, state: State) -> None:
    """The one before stays beside it, to go on from where this one is damaged."""
    if path.is_file():
        os.replace(path, before(path))
    write_atomically(path, lambda temporary: _write(temporary, state))


def before(path: Path) -> Path:
    """Where the state before the last one lies."""
    return path.with_name(f"{path.name}.before")


def load_state(path: Path) -> State:
    """Raises StateError where a bit is not as it was written; PyTorch does not look at its archives' checksums."""
    try:
        if (bad := damaged_member(path)) is not None:
            raise StateError(f"damaged in {bad}")
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except (
        *(zipfile.BadZipFile, zlib.error, NotImplementedError, UnicodeDecodeError, EOFError),
        *(pickle.UnpicklingError, RuntimeError, OSError, KeyError, ValueError),
    ) as error:
        raise error if isinstance(error, StateError) else StateError(f"damaged: {error}") from None
    if not (isinstance(state, dict) and state.keys() >= KEYS):
        raise StateError("not a state of this version")
    return state


def sound_state(path: Path, origin: str, folder: Path) -> State | None:
    """The last state of a run that is whole, of this origin, and whose kept networks lie in `folder` as they were
    written; none where training has to begin anew. What is not sound is set aside, and named on standard error."""
    for candidate in (path, before(path)):
        if not candidate.is_file():
            continue
        try:
            state = load_state(candidate)
            _check(state, origin, folder)
        except StateError as error:
            say(f"{candidate}: {error}; set aside as {set_aside(candidate).name}")
            continue
        return state
    return None


def _check(state: State, origin: str, folder: Path) -> None:
    if state["origin"] != origin:
        raise StateError("of another run, other settings or other data")
    for name, known in state["kept"].items():
        path = folder / name
        if not path.is_file():
            raise StateError(f"{path}, which it kept, is not there")
        if sha256(path) != known:
            raise StateError(f"{path}, which it kept, was altered, and is set aside as {set_aside(path).name}")


class _Writer:
    """Remembers why it could not write, which PyTorch does not pass on."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self.file.write(data)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        self.file.flush()


def _write(path: Path, state: State) -> None:
    with path.open("wb") as file:
        writer = _Writer(file)
        try:
            torch.save(state, writer)  # type: ignore[arg-type]  # asks for more of a file than it uses
        except RuntimeError:
            if writer.failure is None:
                raise
            raise OSError(writer.failure.errno, writer.failure.strerror, str(path)) from None
