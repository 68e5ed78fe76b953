"""Arrays from binary files of many formats, read without running code that is in them."""

from __future__ import annotations

import pickle
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from twin_alignment.errors import InputError
from twin_alignment.features.hdf5 import HDF5, hdf5_arrays, hdf5_row_names
from twin_alignment.features.matlab import read_mat
from twin_alignment.features.row_name_arrays import ROW_NAMES, Arrays, read_row_names, without_row_names
from twin_alignment.lazy_pandas import pd

CONTAINERS = (".npz", ".safetensors", ".mat", ".pt", ".pth", *HDF5)  # may hold more than one array
BINARY = (".npy", *CONTAINERS)
READ_ERRORS = (  # of the libraries, on damaged files of their formats
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
)


@dataclass(frozen=True)
class Array:
    """Array of a file, a note on what else the file holds, and names of its rows where it has them."""

    values: np.ndarray
    note: str = ""
    names: pd.Index | None = None


def load(path: Path, name: str | None) -> Array:
    """Array of a file, or the one of this name where a file holds several; raises InputError in one sentence."""
    with _readable(path):
        if path.suffix.lower() == ".npy":
            return Array(_native(np.load(path, allow_pickle=False)))
        arrays = _arrays(path)
        if isinstance(arrays, Tensor):
            if name is not None:
                raise InputError(f"{path}: holds one tensor without names, not {name!r}")
            return Array(_native(arrays))
        plain = name.lstrip("/") if name and path.suffix.lower() in HDF5 else name
        chosen = choose_name(path, plain, list(arrays))
        values, names = _native(arrays[chosen]()), _row_names(path, chosen)
        is_named = names is not None and values.ndim > 0 and len(values) == len(names)
        return Array(values, f"rows named by {ROW_NAMES}", names) if is_named else Array(values)


def names_of_arrays(path: Path) -> list[str]:
    """Names of the arrays of a file of BINARY, without that of the names of rows; empty for an array without a name."""
    with _readable(path):
        arrays = {} if path.suffix.lower() == ".npy" else _arrays(path)
        return [] if isinstance(arrays, Tensor) else list(arrays)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the errors of libraries on a damaged file into one sentence."""
    suffix = path.suffix.lower()
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: its {suffix} array takes more memory than there is, or is damaged") from None
    except READ_ERRORS as error:
        pickled = " (pickled objects are not read, as they can run any code)" if "pickle" in str(error).lower() else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not a readable {suffix} array{pickled}: {reason}") from None


def _arrays(path: Path) -> Arrays | Tensor:
    """Functions that read the arrays of a file, by name; the tensor of a .pt that holds nothing else."""
    return _READERS[path.suffix.lower()](path)


def _row_names(path: Path, array: str) -> pd.Index | None:
    return hdf5_row_names(path, array) if path.suffix.lower() in HDF5 else read_row_names(path)


def _native(values: Any) -> np.ndarray:
    """NumPy array in this machine's order of bytes; types that NumPy lacks (bfloat16, float8) as float32."""
    if _is_sparse_of_scipy(values) or (isinstance(values, Tensor) and values.layout != torch.strided):
        raise ValueError("it is sparse, expected a dense one")
    if isinstance(values, Tensor):
        short = values.is_floating_point() and values.itemsize < torch.float32.itemsize
        values = (values.float() if short else values).detach().cpu().numpy()
    return np.asarray(values, dtype=values.dtype.newbyteorder("="))


def _is_sparse_of_scipy(values: Any) -> bool:
    return "scipy.sparse" in sys.modules and sys.modules["scipy.sparse"].issparse(values)


def _npz(path: Path) -> Arrays:
    def read(name: str) -> Any:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays[name]

    with np.load(path, allow_pickle=False) as arrays:
        return {name: partial(read, name) for name in without_row_names(arrays.files)}


def _safetensors(path: Path) -> Arrays:
    def read(name: str) -> Any:
        with safe_open(path, "pt") as file:
            return file.get_tensor(name)

    with safe_open(path, "pt") as file:
        return {name: partial(read, name) for name in file.keys()}  # noqa: SIM118  (it is no mapping)


def load_torch(path: Path) -> Any:
    """Content of a file of `torch.save`, with `weights_only`: nothing is unpickled that can run code.

    Args:
        path: a .pt or .pth.

    Raises:
        InputError: it holds more than tensors, numbers and their containers.
        Exception: one of READ_ERRORS, where the file is damaged.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # PyTorch does not look at checksums
                raise ValueError(f"it is damaged in {damaged}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # whose own message recommends to run the file's code
        raise InputError(f"{path}: holds more than tensors, and what can run code is not read") from None


def _pt(path: Path) -> Arrays | Tensor:
    """Tensor, or those of dictionaries and lists, with `weights_only`: nothing else is read."""
    content = load_torch(path)
    if isinstance(content, Tensor):
        return content
    if not isinstance(content, Mapping | list | tuple):
        raise InputError(f"{path}: holds {type(content).__name__}, expected a tensor, or tensors in dictionaries")
    flat = list(_flat(content))
    tensors: dict[str, Callable[[], Any]] = {name: tensor.detach for name, tensor in flat}
    if len(tensors) < len(flat):
        raise InputError(f"{path}: two tensors have one name when the names of dictionaries are joined by points")
    return tensors


def _flat(content: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Tensors of nested dictionaries and lists, their names joined by points."""
    for key, value in content.items() if isinstance(content, Mapping) else enumerate(content):
        if isinstance(value, Tensor):
            yield f"{prefix}{key}", value
        elif isinstance(value, Mapping | list | tuple):
            yield from _flat(value, f"{prefix}{key}.")


_READERS: dict[str, Callable[[Path], Arrays | Tensor]] = {
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": read_mat,
    ".pt": _pt,
    ".pth": _pt,
    **dict.fromkeys(HDF5, hdf5_arrays),
}


def choose_name(path: Path, name: str | None, names: list[str]) -> str:
    """Name of the array: the only one, that of this name, or the only one whose name ends so after a point or slash."""
    ends = (f".{name}", f"/{name}")
    matches = [item for item in names if name in (None, item)] or [item for item in names if item.endswith(ends)]
    if len(matches) == 1:
        return matches[0]
    problem = f"{len(matches)} arrays" if matches or not names else f"no array {name!r}"
    raise InputError(f"{path}: {problem}; name one as {path}:NAME, it has: {', '.join(sorted(names)) or 'none'}")
