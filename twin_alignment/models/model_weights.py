"""Weights of a network from a file: nested dictionaries and prefixes of names are found."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from twin_alignment.errors import InputError
from twin_alignment.features.array_files import READ_ERRORS, load_torch

WEIGHT_FORMATS = (".safetensors", ".pt", ".pth", ".bin", ".tar")
MAX_LISTED = 3  # names in an error


@dataclass(frozen=True)
class LoadedWeights:
    """Notes on what was found and left out, and whether the classifier's weights were there."""

    notes: tuple[str, ...] = ()
    has_classifier: bool = True


def load_weights(module: nn.Module, path: Path, classifier: str | None, reads_classifier: bool) -> LoadedWeights:
    """Load weights into a network, in place.

    The dictionary and the prefix of names are those with which most names are the network's: `{"state_dict":
    {"module.conv1.weight": ...}}` fits as `{"conv1.weight": ...}` does. Other names are left out.

    Args:
        module: network.
        path: .safetensors, or a file of `torch.save`, of which only tensors are read.
        classifier: name of the module that may be missing or of another shape. None: there is none.
        reads_classifier: True where its weights are needed.

    Returns:
        Notes, and whether the classifier was there.

    Raises:
        InputError: the file cannot be read, or names or shapes are not the network's, in one sentence.
    """
    named = module.state_dict()
    place, prefix, tensors = _best(path, read_weights(path), set(named))
    start = f"{prefix}." if prefix else ""
    state = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
    rest = len(tensors) - len(state)
    notes = [f"read from {'.'.join(place)!r}"] if place else []
    notes += [f"without the prefix {start!r}"] if start else []
    notes += [f"{rest} tensors without the prefix were left out"] if rest else []
    root = None if classifier is None or reads_classifier else _root(module, classifier)
    wrong = [name for name in state if name in named and state[name].shape != named[name].shape]
    head = {name for name in {*state, *named} if root is not None and name.startswith(f"{root}.")}
    if not set(wrong) <= head:
        name = next(name for name in wrong if name not in head)
        shapes = f"expected {tuple(named[name].shape)}, got {tuple(state[name].shape)}"
        raise InputError(f"{path}: {name}: {shapes}")
    misfit = bool(wrong) or any(name not in named for name in head & set(state))
    keys = module.load_state_dict({k: v for k, v in state.items() if not (misfit and k in head)}, strict=False)
    missing, unexpected = (sorted({*names} - head) for names in (keys.missing_keys, keys.unexpected_keys))
    if missing or unexpected:
        parts = [f"lacks {_listed(missing)}"] if missing else []
        parts += [f"has {_listed(unexpected)}, which the network lacks"] if unexpected else []
        raise InputError(f"{path}: {' and '.join(parts)}: expected the network's weights")
    notes += [f"it has no classifier {classifier} for this network"] if keys.missing_keys else []
    return LoadedWeights((f"{path}: {', '.join(notes)}",) if notes else (), not keys.missing_keys)


def read_weights(path: Path) -> Any:
    """Return nested dictionaries of tensors of a file; raises InputError in one sentence."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix.lower() not in WEIGHT_FORMATS:
        raise InputError(f"{path}: expected weights of one of the formats {', '.join(WEIGHT_FORMATS)}")
    try:
        return load_file(path) if path.suffix.lower() == ".safetensors" else load_torch(path)
    except InputError:
        raise
    except READ_ERRORS as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: no readable weights: {reason}") from None


def _best(path: Path, content: Any, names: set[str]) -> tuple[tuple[str, ...], str, dict[str, Tensor]]:
    """Place of the dictionary, prefix, and tensors of which most are the network's; the first of equals."""
    choices = [
        (count, place, prefix, tensors)
        for place, tensors in _dictionaries(content)
        for prefix, count in _prefixes(tensors, names).items()
    ]
    if not choices:
        names_in_file = next((list(tensors) for _, tensors in _dictionaries(content)), [])
        content_text = _listed(names_in_file) if names_in_file else "no tensors"
        raise InputError(f"{path}: has {content_text}, expected weights as {_listed(sorted(names))}")
    _, place, prefix, tensors = max(choices, key=lambda choice: choice[0])
    return place, prefix, tensors


def _dictionaries(content: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Dictionaries of tensors at any depth."""
    if not isinstance(content, Mapping):
        return
    tensors = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    if tensors:
        yield place, tensors
    for key, value in content.items():
        yield from _dictionaries(value, (*place, str(key)))


def _prefixes(tensors: Mapping[str, Tensor], names: set[str]) -> Counter[str]:
    """Number of the network's names below each prefix."""
    parts = [name.split(".") for name in tensors]
    return Counter(".".join(part[:at]) for part in parts for at in range(len(part)) if ".".join(part[at:]) in names)


def _root(module: nn.Module, classifier: str) -> str:
    """Name of the outermost module that has no other parameters than the classifier."""
    weights = {id(weight) for weight in module.get_submodule(classifier).parameters()}
    path = classifier.split(".")
    for outer in itertools.accumulate(path, "{}.{}".format):
        if {id(weight) for weight in module.get_submodule(outer).parameters()} <= weights:
            return outer
    return classifier


def _listed(names: list[str]) -> str:
    """First names of a list, and their number."""
    more = f", ... ({len(names)})" if len(names) > MAX_LISTED else ""
    return f"{', '.join(names[:MAX_LISTED])}{more}"
