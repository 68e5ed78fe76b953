"""Arrays from binary files of many formats, which are read without running what is in them."""

import pickle
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.io.matlab import MatReadError
from scipy.sparse import issparse
from torch import Tensor

from pipeline.system.files import damaged_member
from twin_alignment.errors import InputError
from twin_alignment.features.matlab import read_mat

SEVERAL = (".npz", ".safetensors", ".mat", ".pt", ".pth")  # may hold more than one array
BINARY = (".npy", *SEVERAL)
UNREADABLE = (  # what the libraries raise on damaged files of their formats
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    NameError,
    EOFError,
    OSError,
    RuntimeError,
    struct.error,
    zlib.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    SafetensorError,
    MatReadError,
)


@dataclass(frozen=True)
class Array:
    """An array as it was read, in words what else its file says, and names of its rows where it has them."""

    values: np.ndarray
    note: str = ""
    names: pd.Index | None = None


def load(path: Path, name: str | None) -> Array:
    """The array of a file, or the one of this name where a file holds several; raises InputError in one sentence."""
    suffix = path.suffix.lower()
    try:
        return Array(_native(_LOADERS[suffix](path, name)))
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: its {suffix} array takes more memory than there is, or is damaged") from None
    except UNREADABLE as error:
        pickled = " (pickled objects are not read, as they can run any code)" if "pickle" in str(error).lower() else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not a readable {suffix} array{pickled}: {reason}") from None


def _native(found: Any) -> np.ndarray:
    """NumPy, in this machine's order of bytes; types that NumPy does not have (bfloat16, float8) as float32."""
    if issparse(found) or (isinstance(found, Tensor) and found.layout != torch.strided):
        raise ValueError("it is sparse, expected a dense one")
    if isinstance(found, Tensor):
        short = found.is_floating_point() and found.itemsize < torch.float32.itemsize
        found = (found.float() if short else found).detach().cpu().numpy()
    return np.asarray(found, dtype=found.dtype.newbyteorder("="))


def _npy(path: Path, name: str | None) -> np.ndarray:
    found: np.ndarray = np.load(path, allow_pickle=False)
    return found


def _npz(path: Path, name: str | None) -> np.ndarray:
    with np.load(path, allow_pickle=False) as arrays:
        chosen: np.ndarray = arrays[_chosen(path, name, list(arrays.files))]
    return chosen


def _safetensors(path: Path, name: str | None) -> Tensor:
    tensors = load_file(path)
    return tensors[_chosen(path, name, list(tensors))]


def _mat(path: Path, name: str | None) -> Any:
    return read_mat(path, lambda names: _chosen(path, name, names))


def _pt(path: Path, name: str | None) -> Tensor:
    """Tensors alone (`weights_only`): a tensor, or a dictionary of them."""
    if zipfile.is_zipfile(path) and (damaged := damaged_member(path)):  # PyTorch does not look at checksums
        raise ValueError(f"it is damaged in {damaged}")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # whose own message recommends to run the file's code
        raise InputError(f"{path}: holds more than tensors, and what can run code is not read") from None
    if isinstance(found, Tensor):
        if name is not None:
            raise InputError(f"{path}: holds one tensor without names, not {name!r}")
        return found
    if not isinstance(found, Mapping | list | tuple):
        raise InputError(f"{path}: holds {type(found).__name__}, expected a tensor, or tensors in dictionaries")
    flat = list(_flat(found))
    tensors = dict(flat)
    if len(tensors) < len(flat):
        raise InputError(f"{path}: two tensors have one name when the names of dictionaries are joined by points")
    return tensors[_chosen(path, name, list(tensors))]


def _flat(found: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Tensors of nested dictionaries and lists, their names joined by points."""
    for key, value in found.items() if isinstance(found, Mapping) else enumerate(found):
        if isinstance(value, Tensor):
            yield f"{prefix}{key}", value
        elif isinstance(value, Mapping | list | tuple):
            yield from _flat(value, f"{prefix}{key}.")


_LOADERS: dict[str, Callable[[Path, str | None], Any]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _mat,
    ".pt": _pt,
    ".pth": _pt,
}


def _chosen(path: Path, name: str | None, names: list[str]) -> str:
    """The array that is meant: the only one, that of this name, or the only one whose name ends so after a point."""
    found = [one for one in names if name in (None, one)] or [one for one in names if one.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    wanted = f"{len(found)} arrays" if found or not names else f"no array {name!r}"
    raise InputError(f"{path}: {wanted}; name one as {path}:NAME, it has: {', '.join(sorted(names)) or 'none'}")
