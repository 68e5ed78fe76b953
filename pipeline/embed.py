"""Features h of checkpoints, computed once for all that read them: probes, alignment, theory."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pipeline.data.images import Images
from pipeline.files import write_atomically
from pipeline.params import ViewRecipe
from pipeline.views import normalise

BATCH = 256  # images a forward pass: enough to fill a device, little enough for any memory at 224 pixels


def features_path(folder: Path, objective: str, epoch: int) -> Path:
    return folder / f"{objective}-epoch{epoch:04d}.safetensors"


@torch.inference_mode()
def encode(encoder: nn.Module, images: Images, recipe: ViewRecipe) -> Tensor:
    """h [N, d] float32 on the CPU: encoder in eval mode, unaugmented images, in stored order."""
    encoder.eval()
    parts = []
    for batch in images.batches(BATCH):
        x = normalise(batch, recipe, images.mean, images.std).contiguous(memory_format=torch.channels_last)
        parts.append(encoder(x).float().cpu())
    return torch.cat(parts)


def save_features(folder: Path, objective: str, epoch: int, train: Tensor, test: Tensor) -> None:
    tensors = {"train": train.contiguous(), "test": test.contiguous()}
    write_atomically(features_path(folder, objective, epoch), lambda path: save_file(tensors, path))


def load_features(folder: Path, objective: str, epoch: int) -> dict[str, Tensor]:
    """{"train": [N, d], "test": [M, d]}"""
    return load_file(features_path(folder, objective, epoch))


def save_labels(folder: Path, train: Tensor, test: Tensor) -> None:
    write_atomically(folder / "labels.safetensors", lambda path: save_file({"train": train, "test": test}, path))


def load_labels(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "labels.safetensors")
