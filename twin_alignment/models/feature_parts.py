"""Features of finished batches, kept next to the output until it is complete, so that a stopped extraction resumes."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from twin_alignment.errors import InputError
from twin_alignment.features.row_name_arrays import ROW_NAMES, metadata_of_names, read_row_names
from twin_alignment.progress import say


class FeatureParts:
    """Files of finished batches in the folder `OUT.parts`, with the arguments that they belong to.

    Args:
        out: the file that gets all of them.
        arguments: what decides the numbers; parts of other arguments are deleted, which standard error says.
    """

    def __init__(self, out: Path, arguments: Mapping[str, Any]) -> None:
        self.out = out
        self.folder = out.with_name(f"{out.name}.parts")
        text = json.dumps(arguments, indent=1)
        file = self.folder / "arguments.json"
        if self.folder.is_dir():
            before = _read(file)
            if before == json.loads(text):
                return
            changed = [key for key, value in json.loads(text).items() if (before or {}).get(key) != value]
            say(f"{self.folder}: has features of another {' and '.join(changed)}, starts again")
            shutil.rmtree(self.folder)
        self.folder.mkdir()
        write_whole(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))

    @property
    def finished(self) -> int:
        """Number of batches that are finished, from the first."""
        count = 0
        while self._part(count).is_file():
            count += 1
        return count

    def add(self, number: int, names: Sequence[str], features: Mapping[str, Tensor]) -> None:
        """Write a batch: names of its rows, and features [B, d] of each layer."""
        tensors = {layer: rows.cpu().contiguous() for layer, rows in features.items()}
        write_whole(self._part(number), lambda path: save_file(tensors, path, metadata_of_names(names)))

    def finish(self, layers: Sequence[str]) -> tuple[int, dict[str, int]]:
        """Write the output with its arrays in the order of the layers, and delete the parts.

        Returns:
            Number of rows, and of columns of each layer.

        Raises:
            InputError: no part has a row.
        """
        parts = [self._part(number) for number in range(self.finished)]
        read = [tensors for part in parts if (tensors := load_file(part))]
        names = [name for part in parts for name in _names(part)]
        if not names:
            raise InputError(f"{self.out}: no image could be decoded")
        features = {layer: torch.cat([tensors[layer] for tensors in read]) for layer in layers}
        write_features(self.out, features, names)
        shutil.rmtree(self.folder)
        return len(names), {layer: rows.shape[1] for layer, rows in features.items()}

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06d}.safetensors"


def write_features(path: Path, features: Mapping[str, Tensor], names: Sequence[str]) -> None:
    """Write features with names of their rows, as `align` reads them.

    Args:
        path: .npz or .safetensors.
        features: [N, d] by layer.
        names: names of the N rows.
    """
    if path.suffix.lower() == ".npz":
        arrays = {layer: rows.numpy() for layer, rows in features.items()}
        arrays[ROW_NAMES] = np.array(names)

        def save(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes the names for options

        write_whole(path, save)
    else:
        write_whole(path, lambda temporary: save_file(dict(features), temporary, metadata_of_names(names)))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file next to `path`, then rename it: `path` is never half written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        os.replace(temporary, path)
    except SafetensorError as error:  # a full disk
        raise OSError(f"{path}: {error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any] | None:
    """Arguments of earlier parts. None: they are missing or damaged."""
    try:
        arguments: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return arguments


def _names(part: Path) -> list[str]:
    names = read_row_names(part)
    return [] if names is None else list(names)
