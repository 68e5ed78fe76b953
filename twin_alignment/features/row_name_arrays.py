"""Names of rows within .npz and .safetensors files, next to the arrays of features."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import safe_open

from twin_alignment.lazy_pandas import pd

Arrays: TypeAlias = Mapping[str, Callable[[], Any]]  # functions that read the arrays of a file, by name

ROW_NAMES = "row_names"  # an array of text in .npz and HDF5; a list as JSON in the metadata of .safetensors


def read_row_names(path: Path) -> pd.Index | None:
    """Return the names of rows that a file has. None: it has none, or cannot have any."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return index_of_names(arrays[ROW_NAMES]) if ROW_NAMES in arrays.files else None
    if suffix == ".safetensors":
        with safe_open(path, "np") as file:
            text = (file.metadata() or {}).get(ROW_NAMES)
        return None if text is None else index_of_names(np.array(json.loads(text)))
    return None


def metadata_of_names(names: Sequence[str]) -> dict[str, str]:
    """Return the metadata of a .safetensors file whose rows have these names."""
    return {ROW_NAMES: json.dumps(list(names))}


def index_of_names(names: np.ndarray) -> pd.Index | None:
    """Names as an index. None for an array of something else than words."""
    return pd.Index(names) if names.ndim == 1 and names.dtype.kind == "U" else None


def without_row_names(names: Sequence[str]) -> list[str]:
    """Return names of arrays without that of the names of rows, unless there is nothing else."""
    return [name for name in names if name.rpartition("/")[2] != ROW_NAMES] or list(names)
