"""A network as a command asks for it: weights, layers, pooling, and the preparation of images."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from twin_alignment.errors import InputError
from twin_alignment.models.hooks import LayerReader
from twin_alignment.models.layer_names import REPRESENTATION, Layers, chosen_layers, find_layers
from twin_alignment.models.model_reference import build_model, is_random, preprocessing_of
from twin_alignment.models.model_weights import LoadedWeights, load_weights
from twin_alignment.models.preprocessing import Overrides, Preprocessing
from twin_alignment.progress import say


@dataclass(frozen=True)
class ModelRequest:
    """Request for a network, its layers and its images.

    Attributes:
        reference: `timm:NAME`, `torchvision:NAME` or `FILE.py:FUNCTION`.
        weights: file of weights. None: those of the constructor, or downloaded ones.
        pretrained: load the weights that timm or torchvision have.
        seed: of random weights. None: 0, and only where weights are given, or the function may load them.
        layers: `all`, or names. None: the representation.
        pool: `mean`, `max`, `cls` or `flatten`.
        overrides: changes to the preparation of images.
    """

    reference: str
    weights: Path | None = None
    pretrained: bool = False
    seed: int | None = None
    layers: str | Sequence[str] | None = None
    pool: str = "mean"
    overrides: Overrides = field(default_factory=Overrides)


@dataclass(frozen=True)
class LoadedModel:
    """Network on its device, with a reader of its layers, all of its layers, and the preparation of images."""

    reference: str
    reader: LayerReader
    layers: Layers
    preprocessing: Preprocessing

    @property
    def digest(self) -> str:
        """SHA-256 of the names, types and bytes of all weights."""
        digest = hashlib.sha256()
        for name, tensor in self.reader.module.state_dict().items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()


def load_model(request: ModelRequest, device: torch.device) -> LoadedModel:
    """Build a network with its weights, and find its layers; how images are prepared is written to standard error.

    Args:
        request: network, weights, layers and pooling.
        device: to compute on.

    Returns:
        The network, in evaluation mode.

    Raises:
        InputError: there is no such network, weight, layer or device, in one sentence.
    """
    reference = request.reference
    if request.weights and request.pretrained:
        raise InputError(f"{reference}: expected --weights or --pretrained, got both")
    given = request.weights or request.pretrained or request.seed is not None
    if is_random(reference) and not given:
        raise InputError(f"{reference}: expected --weights FILE, --pretrained, or --seed N for random weights")
    module = build_model(reference, request.pretrained, request.seed or 0)
    preprocessing = preprocessing_of(reference, module, request.overrides)
    layers = _find(module, preprocessing, reference)
    names = chosen_layers(layers, request.layers, reference)
    loaded = LoadedWeights()
    if request.weights:
        reads_classifier = request.layers != "all" and bool({*names} & {*layers.behind})
        loaded = load_weights(module, request.weights, layers.classifier, reads_classifier)
    if not loaded.has_classifier:
        names = tuple(name for name in names if name not in layers.behind)
    for note in (*loaded.notes, f"{reference}: {preprocessing.origin}: {preprocessing.text}"):
        say(note)
    reader = LayerReader(module.to(device), layers, names, request.pool, reference)
    return LoadedModel(reference, reader, layers, preprocessing)


def device_named(name: str | None) -> torch.device:
    """Return a device. None: the first GPU where torch sees one, else the CPU; raises InputError for a missing one."""
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {name}: {str(error).splitlines()[0]}") from None
    return device


def layer_list(model: LoadedModel) -> list[list[str]]:
    """Return a row for each block, and the representation: name, shape of its output, columns after pooling."""
    blank = torch.zeros(1, model.preprocessing.channels, *model.preprocessing.size)
    reader = model.reader
    columns = LayerReader(reader.module, model.layers, model.layers.blocks, reader.how, model.reference)
    counts = columns.columns(blank.to(next(reader.module.parameters(), blank).device))
    rows = [[name, " x ".join(map(str, model.layers.shapes[name])), str(counts[name])] for name in model.layers.blocks]
    if model.layers.classifier:
        rows[-1][0] = f"{REPRESENTATION} (read by {model.layers.classifier})"
    return rows


def _find(module: nn.Module, preprocessing: Preprocessing, reference: str) -> Layers:
    """Layers, by one blank image; raises InputError where the network cannot read it."""
    shape = (1, preprocessing.channels, *preprocessing.size)
    try:
        return find_layers(module, torch.zeros(shape))
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        hint = "--size sets another size, and --mean and --std with one number each grey images"
        raise InputError(f"{reference}: fails on an image {list(shape)}: {reason} ({hint})") from error
