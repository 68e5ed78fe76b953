"""Features of a network's layers, of the batches of a loader or of a folder of images."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from twin_alignment.errors import InputError
from twin_alignment.models.feature_parts import FeatureParts
from twin_alignment.models.hooks import LayerReader
from twin_alignment.models.image_folder import ImageFolder, batch_count, batches
from twin_alignment.models.layer_names import chosen_layers, find_layers
from twin_alignment.models.model_loading import LoadedModel
from twin_alignment.progress import say, track

Batch: TypeAlias = Tensor | Sequence[Any]  # images, or a tuple or list whose first item they are
LayerChoice: TypeAlias = str | Sequence[str] | None


def extract(
    model: nn.Module, loader: Iterable[Batch], layers: LayerChoice = None, pool: str = "mean"
) -> dict[str, Tensor]:
    """Compute the features of a network's layers, in evaluation mode and without gradients.

    Args:
        model: network, on the device that computes.
        loader: batches, tensors [B, C, H, W], or tuples whose first item they are, as a DataLoader gives them.
        layers: names of modules; `all` direct children and blocks of stages. None: `representation`, what the
            classifier reads, or the output where there is none.
        pool: `mean` or `max` over space or tokens, `cls` (the first token) or `flatten`.

    Returns:
        Features [N, d] float32 on the CPU by layer, in the order in which layers are computed for `all`.

    Raises:
        InputError: there is no such layer, or its output is not rows, tokens or maps; a ValueError too.

    Example:
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
        >>> features = extract(model, [torch.rand(5, 3, 8, 8), torch.rand(2, 3, 8, 8)], layers="all")
        >>> {layer: tuple(rows.shape) for layer, rows in features.items()}
        {'0': (7, 4), '1': (7, 4), '3': (7, 10), 'representation': (7, 144)}
    """
    with evaluated(model):
        images, reader = first_batch(model, loader, layers, pool, "model")
        parts = [{layer: rows.cpu() for layer, rows in reader(batch).items()} for batch in images]
    return {layer: torch.cat([part[layer] for part in parts]) for layer in parts[0]}


def extract_folder(model: LoadedModel, folder: ImageFolder, out: Path, batch_size: int) -> str:
    """Write the features of a folder's images, with progress on standard error.

    Finished batches are kept in `OUT.parts` until all are; the same call resumes after them, to the same bytes.

    Args:
        model: network, layers, pooling and preparation.
        folder: images.
        out: .npz or .safetensors, with an array for each layer, and names of rows.
        batch_size: images of a batch.

    Returns:
        One line on the rows and layers.

    Raises:
        InputError: an image cannot be decoded.
    """
    device = device_of(model.reader.module)
    parts = FeatureParts(out, _arguments(model, folder, batch_size, device))
    total, done = batch_count(folder, batch_size), parts.finished
    if done:
        say(f"{parts.folder}: {done} of {total} batches are finished, resumes")
    items = batches(folder, [model.preprocessing], batch_size, done)
    for number, batch in enumerate(track(items, total, model.reference, done), start=done):
        parts.add(number, batch.names, model.reader(batch.tensors[0].to(device)) if batch.names else {})
    rows, columns = parts.finish(model.reader.names)
    return f"{out}: {rows} rows; columns of each layer: {', '.join(f'{k} {v}' for k, v in columns.items())}"


def first_batch(
    model: nn.Module, loader: Iterable[Batch], layers: LayerChoice, pool: str, name: str
) -> tuple[Iterator[Tensor], LayerReader]:
    """Return the images of a loader on the network's device, and a reader of its layers, found with the first of them.

    Raises:
        InputError: the loader is empty or gives no tensors, or there is no such layer.
    """
    device = device_of(model)
    images = (_images(batch).to(device) for batch in loader)
    first = next(images, None)
    if first is None:
        raise InputError("loader: expected one batch or more, got none")
    all_layers = find_layers(model, first[:1])
    chosen = chosen_layers(all_layers, layers, name)
    return itertools.chain([first], images), LayerReader(model, all_layers, chosen, pool, name)


@contextmanager
def evaluated(*models: nn.Module) -> Iterator[None]:
    """Set networks to evaluation mode, and afterwards to the mode of each of their modules before."""
    training = {module: module.training for model in models for module in model.modules()}
    try:
        for model in models:
            model.eval()
        yield
    finally:
        for module, mode in training.items():
            module.training = mode


def device_of(module: nn.Module) -> torch.device:
    """Return the device of a network's first parameter; the CPU where it has none."""
    return next((weight.device for weight in module.parameters()), torch.device("cpu"))


def _images(batch: Batch) -> Tensor:
    images = batch if isinstance(batch, Tensor) else batch[0] if isinstance(batch, list | tuple) else batch
    if not isinstance(images, Tensor):
        raise InputError(f"loader: expected tensors [B, C, H, W], or tuples that begin with one, got {type(images)}")
    return images


def _arguments(model: LoadedModel, folder: ImageFolder, batch_size: int, device: torch.device) -> dict[str, Any]:
    """Arguments that decide the numbers of an extraction."""
    images = hashlib.sha256(json.dumps([str(folder.path.resolve()), *folder.stats()]).encode()).hexdigest()
    return {
        "model": model.reference,
        "weights": model.digest,
        "layers": list(model.reader.names),
        "pooling": model.reader.how,
        "preparation of images": model.preprocessing.text,
        "images": images,
        "batch size": batch_size,
        "device": device.type,
        "torch": torch.__version__,
    }
