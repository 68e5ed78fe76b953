"""Checkpoints of single networks (safetensors) and the progress of a whole run (to go on where it stopped)."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pipeline.files import write_atomically

PROGRESS = "progress.pt"


def checkpoint_path(folder: Path, objective: str, epoch: int) -> Path:
    return folder / f"{objective}-epoch{epoch:04d}.safetensors"


def save_checkpoint(folder: Path, objective: str, epoch: int, network: nn.Module) -> None:
    """The network's weights and buffers; equal weights give equal bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_atomically(checkpoint_path(folder, objective, epoch), lambda path: save_file(tensors, path))


def load_checkpoint(folder: Path, objective: str, epoch: int) -> dict[str, Tensor]:
    """State dictionary on the CPU; raises FileNotFoundError that names the run's folder."""
    path = checkpoint_path(folder, objective, epoch)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; the run has to be trained (again) to keep this epoch")
    return load_file(path)


def load_encoder(folder: Path, objective: str, epoch: int) -> dict[str, Tensor]:
    """The encoder's part of a checkpoint, under the encoder's own names."""
    weights = load_checkpoint(folder, objective, epoch)
    return {name.removeprefix("encoder."): w for name, w in weights.items() if name.startswith("encoder.")}


def save_progress(folder: Path, state: dict[str, Any]) -> None:
    write_atomically(folder / PROGRESS, lambda path: torch.save(state, path))


def load_progress(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """State of an unfinished run of the same fingerprint (settings, data and code); none where there is no such."""
    path = folder / PROGRESS
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state if state["fingerprint"] == fingerprint else None


def drop_progress(folder: Path) -> None:
    (folder / PROGRESS).unlink(missing_ok=True)
