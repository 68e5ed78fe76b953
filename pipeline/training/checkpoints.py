"""Checkpoints of single networks (safetensors) and the state of a whole run (to go on where it stopped)."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pipeline.files import write_atomically, write_bytes


def checkpoint_path(folder: Path, objective: str, epoch: int) -> Path:
    return folder / f"{objective}-epoch{epoch:04d}.safetensors"


def checkpoint_bytes(network: nn.Module) -> bytes:
    """The network's weights and buffers; equal weights give equal bytes."""
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()})


def save_checkpoint(folder: Path, objective: str, epoch: int, network: nn.Module) -> None:
    write_bytes(checkpoint_path(folder, objective, epoch), checkpoint_bytes(network))


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


def save_state(path: Path, state: dict[str, Any]) -> None:
    write_atomically(path, lambda temporary: torch.save(state, temporary))


def load_state(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
