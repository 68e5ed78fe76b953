"""Checkpoints of single networks (safetensors)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pipeline.config.base import SettingsError
from pipeline.system.files import digest_of_bytes, write_bytes


def checkpoint_path(folder: Path, objective: str, epoch: int) -> Path:
    """Path of an objective's network after an epoch; epoch 0 is the initialisation."""
    return folder / f"{objective}-epoch{epoch:04d}.safetensors"


def step_checkpoint_path(folder: Path, objective: str, step: int) -> Path:
    """Path of an objective's network after a single step, counted from the start of training."""
    return folder / f"{objective}-step{step:06d}.safetensors"


def of_epoch(path: Path, epoch: int) -> bool:
    """Return True for a checkpoint of the epoch, of any objective."""
    return path.name.endswith(checkpoint_path(Path(), "", epoch).name)


def kept_files(
    epochs: Sequence[int], steps: Sequence[int], objectives: Sequence[str], folder: Path, steps_per_epoch: int
) -> dict[int, dict[str, Path]]:
    """Return {step: {objective: checkpoint}}, ascending; an epoch counts as its last step."""
    of_steps = {step: {name: step_checkpoint_path(folder, name, step) for name in objectives} for step in steps}
    of_epochs = {e * steps_per_epoch: {name: checkpoint_path(folder, name, e) for name in objectives} for e in epochs}
    return dict(sorted({**of_steps, **of_epochs}.items()))


def checkpoint_bytes(network: nn.Module) -> bytes:
    """Serialise weights and buffers; equal weights give equal bytes."""
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()})


def save_checkpoint(path: Path, network: nn.Module) -> dict[str, str]:
    """Write a checkpoint and return {file name: SHA-256}."""
    data = checkpoint_bytes(network)
    write_bytes(path, data)
    return {path.name: digest_of_bytes(data)}


def load_checkpoint(folder: Path, objective: str, epoch: int) -> dict[str, Tensor]:
    """Load the state dictionary of an epoch to the CPU; raises as `load_weights`."""
    return load_weights(checkpoint_path(folder, objective, epoch))


def load_weights(path: Path) -> dict[str, Tensor]:
    """Load a checkpoint's state dictionary to the CPU.

    Raises:
        FileNotFoundError: the run has no such checkpoint.
        SettingsError: the file is damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; the run has to be trained (again) to keep this epoch")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise SettingsError(f"{path}: not a whole checkpoint ({error})") from None


def load_encoder(folder: Path, objective: str, epoch: int) -> dict[str, Tensor]:
    """Load the encoder's part of a checkpoint, under the encoder's own names."""
    return encoder_part(load_checkpoint(folder, objective, epoch))


def encoder_part(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Select the encoder's weights, under the encoder's own names."""
    return {name.removeprefix("encoder."): w for name, w in weights.items() if name.startswith("encoder.")}
