"""Features h of a run's networks on its images; not stored, as they would take more space than everything else."""

from collections.abc import Mapping
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
from pipeline.models.memory_layout import channels_last_kernels
from pipeline.system.files import write_atomically
from pipeline.train.checkpoints import load_encoder
from pipeline.train.divergence import DivergenceError


@dataclass(frozen=True)
class Embedder:
    """Images of a subset, and an encoder for the weights of one checkpoint after another.

    Attributes:
        images: {"train": ..., "test": ...}.
        encoder: on the images' device.
        size: (height, width) that the encoder reads; None: as stored.
    """

    images: dict[str, Images]
    encoder: nn.Module
    size: tuple[int, int] | None

    @property
    def labels(self) -> dict[str, Tensor]:
        """Labels {"train": [N], "test": [M]}, on the device."""
        return {split: images.labels for split, images in self.images.items()}

    def features(self, checkpoints: Path, objective: str, epoch: int) -> dict[str, Tensor]:
        """Compute {"train": [N, d], "test": [M, d]} float32 on the device.

        Args:
            checkpoints: folder of the run's checkpoints.
            objective: name.
            epoch: of the checkpoint.

        Raises:
            DivergenceError: features of an image are not finite.
        """
        weights = load_encoder(checkpoints, objective, epoch)
        return {split: self.encoded(weights, split, f"{objective} at epoch {epoch}") for split in self.images}

    def encoded(self, weights: Mapping[str, Tensor], split: str, label: str) -> Tensor:
        """Compute features [N, d] float32 of one split with an encoder's weights; raises as `features`."""
        self.encoder.load_state_dict(weights)
        rows = encode(self.encoder, self.images[split], self.size)
        _check(rows, label)
        return rows.to(self.images[split].device)


def embedder(run: Run, size: tuple[int, int] | None, store: Path, subset: Path, device: torch.device) -> Embedder:
    """Build the embedder of a run, and of all runs that differ from it only in their seed.

    Args:
        run: encoder settings are read.
        size: (height, width) that the encoder reads; None: as stored.
        store: prepared images.
        subset: file of the class subset.
        device: to compute on.
    """
    images = load_images(store, subset, device)
    train = images["train"]
    encoder = empty_network(run, train.channels, size or train.size).encoder.to(device)
    channels_last_kernels(encoder)
    return Embedder(images, encoder, size)


def _check(rows: Tensor, label: str) -> None:
    """Raise DivergenceError for a row that is not finite."""
    bad = (~rows.double().square().sum(1).isfinite()).nonzero()
    if len(bad):
        raise DivergenceError(f"the features of {label} are not finite (of image {int(bad[0])})")


def save_features(path: Path, features: dict[str, Tensor], labels: dict[str, Tensor]) -> None:
    """Write `train`, `train_labels`, `test` and `test_labels` to one file. Raises OSError on a full disk."""
    tensors = {**features, **{f"{split}_labels": rows for split, rows in labels.items()}}
    tensors = {name: rows.cpu().contiguous() for name, rows in tensors.items()}

    def write(temporary: Path) -> None:
        try:
            save_file(tensors, temporary)
        except SafetensorError as error:
            raise OSError(f"{path}: {error}") from None

    write_atomically(path, write)
