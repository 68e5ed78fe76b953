"""Networks by reference: `timm:NAME`, `torchvision:NAME` or `FILE.py:FUNCTION`."""

import traceback
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import nn

from twin_alignment.errors import InputError
from twin_alignment.models.preprocessing import (
    Overrides,
    Preprocessing,
    imagenet_preprocessing,
    timm_preprocessing,
    torchvision_preprocessing,
)
from twin_alignment.python_file import run_file

EXPECTED = "expected timm:NAME, torchvision:NAME or FILE.py:FUNCTION"
INSTALL = "pip install '.[models]' in a checkout installs it"


def is_file_reference(reference: str) -> bool:
    """Return True for `FILE.py:FUNCTION`."""
    return reference.rpartition(":")[0].endswith(".py")


def is_random(reference: str) -> bool:
    """Return True for a network of timm or torchvision, which has random weights unless others are loaded.

    Raises:
        InputError: it is no reference to a network.
    """
    kind, _, name = reference.partition(":")
    if is_file_reference(reference):
        return False
    if kind not in ("timm", "torchvision") or not name:
        raise InputError(f"{EXPECTED}, got {reference!r}")
    return True


def build_model(reference: str, pretrained: bool = False, seed: int = 0) -> nn.Module:
    """Build a network in evaluation mode.

    Args:
        reference: `timm:NAME`, `torchvision:NAME`, or `FILE.py:FUNCTION`, a function without arguments.
        pretrained: load the weights that timm or torchvision have, which are downloaded where they are not cached.
        seed: of the random weights.

    Returns:
        The network. Torch's global generator stays as it was.

    Raises:
        InputError: there is no such network, or no weights, in one sentence.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        kind, _, name = reference.partition(":")
        if is_random(reference):
            module = _of_timm(name, pretrained) if kind == "timm" else _of_torchvision(name, pretrained)
        elif pretrained:
            raise InputError(f"{reference}: --pretrained is of timm and torchvision: load weights in the function")
        else:
            module = _of_file(reference)
    return module.eval()


def preprocessing_of(reference: str, module: nn.Module, overrides: Overrides) -> Preprocessing:
    """Preparation of images for a network: its own, or ImageNet's for a network from a file."""
    kind, _, name = reference.partition(":")
    if is_file_reference(reference):
        _torchvision(reference)  # which prepares the images
        return imagenet_preprocessing(overrides)
    return timm_preprocessing(module, overrides) if kind == "timm" else torchvision_preprocessing(name, overrides)


def _of_timm(name: str, pretrained: bool) -> nn.Module:
    _torchvision(f"timm:{name}")  # which timm imports
    try:
        import timm  # noqa: PLC0415  (takes seconds)
    except ModuleNotFoundError:
        raise InputError(f"timm:{name}: timm is not installed: {INSTALL}") from None
    if not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), 3)
        hint = f", as {', '.join(near)}" if near else ""
        raise InputError(f"timm:{name}: expected a name of timm.list_models(){hint}")
    return _created(f"timm:{name}", lambda: timm.create_model(name, pretrained=pretrained), pretrained)


def _of_torchvision(name: str, pretrained: bool) -> nn.Module:
    torchvision = _torchvision(f"torchvision:{name}")
    names = torchvision.models.list_models(module=torchvision.models)
    if name not in names:
        raise InputError(f"torchvision:{name}: expected one of {', '.join(names)}")
    options = {"init_weights": True} if name in ("googlenet", "inception_v3") and not pretrained else {}
    weights = "DEFAULT" if pretrained else None
    return _created(
        f"torchvision:{name}", lambda: torchvision.models.get_model(name, weights=weights, **options), pretrained
    )


def _torchvision(reference: str) -> Any:
    """torchvision; raises InputError where it is not installed."""
    try:
        from twin_alignment.torchvision_shim import torchvision  # noqa: PLC0415  (takes seconds)
    except ModuleNotFoundError:
        raise InputError(f"{reference}: needs torchvision: {INSTALL}") from None
    return torchvision


def _created(reference: str, create: Callable[[], nn.Module], pretrained: bool) -> nn.Module:
    """The network; without the network connection that downloads need, a sentence."""
    try:
        return create()
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        if pretrained:
            raise InputError(
                f"{reference}: its weights could not be loaded; --pretrained downloads them, and --weights FILE reads "
                f"a file ({reason})"
            ) from None
        raise InputError(f"{reference}: could not be built ({reason})") from None


def _of_file(reference: str) -> nn.Module:
    file, _, name = reference.rpartition(":")
    if not Path(file).is_file():
        raise InputError(f"{reference}: there is no file {file}, {EXPECTED}")
    try:
        function = getattr(run_file(file), name, None)
        if not callable(function):
            raise InputError(f"{reference}: {file} has no function {name!r}")
        module = function()
    except InputError:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        place = f"line {lines[-1]}: " if lines else ""
        message = " ".join(str(error).split())
        raise InputError(f"{reference}: {place}{type(error).__name__}: {message}") from error
    if not isinstance(module, nn.Module):
        raise InputError(f"{reference}: expected a torch.nn.Module, got {type(module).__name__}")
    return module
