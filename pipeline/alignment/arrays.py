"""Arrays of NumPy, pandas or torch as the tensors that all measures take."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def as_tensor(values: Any, name: str) -> Tensor:
    """Real numbers of any shape without a gradient, on the device they are on; floats keep their precision and are
    copied only where torch cannot use their memory. Raises ValueError naming the array for other values."""
    if isinstance(values, Tensor):
        if values.is_complex() or values.layout != torch.strided:
            what = "complex" if values.is_complex() else "sparse"
            raise ValueError(f"{name}: is {what}, allowed is a dense tensor of real numbers")
        return values.detach()
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: holds {array.dtype}, allowed is real numbers")
    short = array.dtype.kind == "f" and array.dtype.itemsize <= np.dtype(np.float64).itemsize
    dtype = array.dtype.newbyteorder("=") if short else np.float64
    return torch.from_numpy(np.require(array, dtype, ["C_CONTIGUOUS", "WRITEABLE"]))
