"""Names of rows within .npz and .safetensors files, next to the arrays of features."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import safe_open

ROW_NAMES = "row_names"  # an array of text in .npz; a list as JSON in the metadata of .safetensors


def read_row_names(path: Path) -> pd.Index | None:
    """Return the names of rows that a file has. None: it has none, or cannot have any."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return _checked(arrays[ROW_NAMES]) if ROW_NAMES in arrays.files else None
    if suffix == ".safetensors":
        with safe_open(path, "np") as file:
            text = (file.metadata() or {}).get(ROW_NAMES)
        return None if text is None else _checked(np.array(json.loads(text)))
    return None


def metadata_of_names(names: Sequence[str]) -> dict[str, str]:
    """Return the metadata of a .safetensors file whose rows have these names."""
    return {ROW_NAMES: json.dumps(list(names))}


def _checked(names: np.ndarray) -> pd.Index | None:
    """Names as an index. None for an array of something else than words."""
    return pd.Index(names) if names.ndim == 1 and names.dtype.kind == "U" else None
