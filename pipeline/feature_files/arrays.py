"""Arrays from binary files of many formats, which are read without running what is in them."""

import pickle
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from scipy.sparse import issparse
from torch import Tensor

from pipeline.files import damaged_member
from pipeline.settings.base import SettingsError

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
    """An array as it was read, and in words what else its file says."""

    values: np.ndarray
    note: str = ""


def load(path: Path, name: str | None) -> Array:
    """The array of a file, or the one of this name where a file holds several; raises SettingsError in one sentence."""
    suffix = path.suffix.lower()
    try:
        return Array(_native(_LOADERS[suffix](path, name)))
    except SettingsError:
        raise
    except MemoryError:
        raise SettingsError(f"{path}: its {suffix} array takes more memory than there is, or is damaged") from None
    except UNREADABLE as error:
        pickled = " (pickled objects are not read, as they can run any code)" if "pickle" in str(error).lower() else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(f"{path}: not a readable {suffix} array{pickled}: {reason}") from None


def _native(found: Any) -> np.ndarray:
    """NumPy, in this machine's order of bytes; types that NumPy does not have (bfloat16, float8) as float32."""
    if issparse(found) or (isinstance(found, Tensor) and found.layout != torch.strided):
        raise ValueError("it is sparse, allowed is a dense one")
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
    """MATLAB up to 7.2; version 7.3 is another format (HDF5), which SciPy names in its refusal.

    In a process of its own, as SciPy's reader takes a damaged file's word for where to read, and may crash: a second.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            names, chosen = pool.submit(_read_mat, path, name).result()
        except BrokenProcessPool:
            raise ValueError("it is damaged") from None
    if chosen is None:
        _chosen(path, name, names)
    return chosen


def _read_mat(path: Path, name: str | None) -> tuple[list[str], Any]:
    """Names of a file's arrays, and the one that is meant, if it is clear which."""
    arrays = {key: value for key, value in loadmat(path).items() if not key.startswith("__")}
    only = next(iter(arrays)) if name is None and len(arrays) == 1 else name
    return list(arrays), None if only is None else _words(arrays.get(only))


def _words(found: Any) -> Any:
    """Words, of a cell array of them, as MATLAB keeps names; all else as it is."""
    if not (isinstance(found, np.ndarray) and found.dtype == object and found.size > 0):
        return found
    if not all(isinstance(cell, np.ndarray) and cell.dtype.kind == "U" and cell.size <= 1 for cell in found.flat):
        return found
    return np.array(["".join(cell.flat) for cell in found.flat]).reshape(found.shape)


def _pt(path: Path, name: str | None) -> Tensor:
    """Tensors alone (`weights_only`): a tensor, or a dictionary of them."""
    if zipfile.is_zipfile(path) and (damaged := damaged_member(path)):  # PyTorch does not look at checksums
        raise ValueError(f"it is damaged in {damaged}")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # whose own message recommends to run the file's code
        raise SettingsError(f"{path}: holds more than tensors, and what can run code is not read") from None
    if isinstance(found, Tensor):
        if name is not None:
            raise SettingsError(f"{path}: holds one tensor without names, not {name!r}")
        return found
    if not isinstance(found, Mapping):
        raise SettingsError(f"{path}: holds {type(found).__name__}, allowed is a tensor or a dictionary of tensors")
    tensors = {str(key): value for key, value in found.items() if isinstance(value, Tensor)}
    return tensors[_chosen(path, name, list(tensors))]


_LOADERS: dict[str, Callable[[Path, str | None], Any]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _mat,
    ".pt": _pt,
    ".pth": _pt,
}


def _chosen(path: Path, name: str | None, names: list[str]) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name in names:
        return str(name)
    listed = ", ".join(sorted(names)) or "none"
    wanted = f"no array {name!r}" if name else f"{len(names)} arrays"
    raise SettingsError(f"{path}: {wanted}; name one as {path}:NAME, it has: {listed}")
