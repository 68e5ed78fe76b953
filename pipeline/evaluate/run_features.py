"""Features h of a run's networks on its images, made where they are needed: kept, they would be most of all bytes."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from pipeline.config.run import Run
from pipeline.datasets.images import Images, load_images
from pipeline.evaluate.embed import encode
from pipeline.models.empty import empty_network
from pipeline.system.files import write_atomically
from pipeline.train.checkpoints import load_encoder
from pipeline.train.divergence import DivergenceError


@dataclass(frozen=True)
class Embedder:
    """The images of a subset, and an encoder that takes the weights of one checkpoint after another."""

    images: dict[str, Images]  # by split
    encoder: nn.Module
    size: tuple[int, int] | None  # of what the encoder reads; none: as stored

    @property
    def labels(self) -> dict[str, Tensor]:
        """{"train": [N], "test": [M]}, on the device."""
        return {split: images.labels for split, images in self.images.items()}

    def features(self, checkpoints: Path, objective: str, epoch: int) -> dict[str, Tensor]:
        """{"train": [N, d], "test": [M, d]} float32, on the device; raises DivergenceError where an image's features
        are not finite."""
        self.encoder.load_state_dict(load_encoder(checkpoints, objective, epoch))
        found = {split: encode(self.encoder, images, self.size) for split, images in self.images.items()}
        for rows in found.values():
            _check(rows, objective, epoch)
        return {split: rows.to(self.images[split].device) for split, rows in found.items()}


def embedder(run: Run, size: tuple[int, int] | None, store: Path, subset: Path, device: torch.device) -> Embedder:
    """For the checkpoints of a run, and of all that differ from it in their seed."""
    images = load_images(store, subset, device)
    train = images["train"]
    encoder = empty_network(run, train.channels, size or train.size).encoder.to(device)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
    return Embedder(images, encoder, size)


def _check(rows: Tensor, objective: str, epoch: int) -> None:
    bad = (~rows.double().square().sum(1).isfinite()).nonzero()
    if len(bad):
        raise DivergenceError(f"the features of {objective} at epoch {epoch} are not finite (of image {int(bad[0])})")


def save_features(path: Path, features: dict[str, Tensor], labels: dict[str, Tensor]) -> None:
    """One file of `train`, `test`, and of both with `_labels`, as `align` reads it; raises OSError on a full disk."""
    tensors = {**features, **{f"{split}_labels": rows for split, rows in labels.items()}}
    tensors = {name: rows.cpu().contiguous() for name, rows in tensors.items()}

    def write(temporary: Path) -> None:
        try:
            save_file(tensors, temporary)
        except SafetensorError as error:  # as it says it
            raise OSError(f"{path}: {error}") from None

    write_atomically(path, write)
