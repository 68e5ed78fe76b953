"""Files of features h, one an objective and epoch, and of the labels that all of a run share."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pipeline.files import write_atomically
from pipeline.settings.base import SettingsError


def features_path(folder: Path, objective: str, epoch: int) -> Path:
    return folder / f"{objective}-epoch{epoch:04d}.safetensors"


def save_features(folder: Path, objective: str, epoch: int, train: Tensor, test: Tensor) -> None:
    _save(features_path(folder, objective, epoch), train, test)


def load_features(folder: Path, objective: str, epoch: int) -> dict[str, Tensor]:
    """{"train": [N, d], "test": [M, d]}"""
    return _load(features_path(folder, objective, epoch))


def save_labels(folder: Path, train: Tensor, test: Tensor) -> None:
    _save(folder / "labels.safetensors", train, test)


def load_labels(folder: Path) -> dict[str, Tensor]:
    """{"train": [N], "test": [M]}"""
    return _load(folder / "labels.safetensors")


def _save(path: Path, train: Tensor, test: Tensor) -> None:
    tensors = {"train": train.cpu().contiguous(), "test": test.cpu().contiguous()}

    def write(temporary: Path) -> None:
        try:
            save_file(tensors, temporary)
        except SafetensorError as error:  # a full disk, as it says it
            raise OSError(f"{path}: {error}") from None

    write_atomically(path, write)


def _load(path: Path) -> dict[str, Tensor]:
    """Raises SettingsError for a file that is not whole, FileNotFoundError."""
    try:
        return load_file(path)
    except SafetensorError as error:
        raise SettingsError(f"{path}: not whole ({error})") from None
