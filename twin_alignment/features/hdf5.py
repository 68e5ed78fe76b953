"""Arrays of HDF5 files, and names of rows next to them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from twin_alignment.features.optional_module import optional_module
from twin_alignment.features.row_name_arrays import ROW_NAMES, Arrays, index_of_names, without_row_names
from twin_alignment.lazy_pandas import pd

HDF5 = (".h5", ".hdf5")


def hdf5_arrays(path: Path) -> Arrays:
    """Functions that read the datasets of a file, by their paths in it; links to other files are not followed.

    Raises:
        InputError: h5py is not installed.
        OSError: the file is damaged, or no HDF5; h5py's errors.
    """
    h5py = _h5py(path)
    names: list[str] = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return {name: partial(_read, path, name) for name in without_row_names(names)}


def hdf5_row_names(path: Path, array: str) -> pd.Index | None:
    """Return the names of rows in the group of an array, or of the whole file. None: there are none.

    Args:
        path: the file.
        array: path of the array in it.
    """
    group = array.rpartition("/")[0]
    with _h5py(path).File(path, "r") as file:
        places = [name for name in (f"{group}/{ROW_NAMES}".lstrip("/"), ROW_NAMES) if name in file and name != array]
    return index_of_names(np.asarray(_read(path, places[0]))) if places else None


def _read(path: Path, name: str) -> Any:
    """Numbers, or words; raises ValueError for what is neither."""
    h5py = _h5py(path)
    with h5py.File(path, "r") as file:
        dataset = file[name]
        if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
            raise ValueError(f"{name} is empty, expected an array")
        if dataset.dtype.names:
            fields = ", ".join(dataset.dtype.names)
            raise ValueError(f"{name} has named fields ({fields}), expected an array of numbers")
        words = h5py.check_string_dtype(dataset.dtype) is not None
        return np.array(dataset.asstr()[()], dtype=str) if words else dataset[()]


def _h5py(path: Path) -> Any:
    return optional_module("h5py", "hdf5", path)
