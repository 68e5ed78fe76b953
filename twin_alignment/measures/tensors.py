"""Tensors of the arrays of NumPy, pandas or torch that all measures take."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.masked import MaskedTensor

from twin_alignment.lazy_pandas import is_of_pandas, pd


def as_tensor(values: Any, name: str) -> Tensor:
    """Return real numbers of any shape as a tensor without a gradient, on their device.

    Floats keep their precision and are copied only where torch cannot use their memory; nullable and Arrow types of
    pandas become NumPy's.

    Args:
        values: array, tensor, table or nested lists.
        name: name of the values in errors.

    Raises:
        ValueError: values are no real numbers, or some are masked or missing.
    """
    if isinstance(values, Tensor):
        if values.is_complex() or values.layout != torch.strided or isinstance(values, MaskedTensor):
            what = "complex" if values.is_complex() else "sparse, nested or masked"
            raise ValueError(f"{name}: expected a dense tensor of real numbers, got a {what} one")
        return values.detach()
    if is_of_pandas(values):
        values = _without_nullable(values, name)
    array = _without_mask(values, name)
    if array.dtype.kind not in "biuf":
        hint = " (bfloat16 and float8 have no name in .npy)" if array.dtype.kind == "V" else ""
        raise ValueError(f"{name}: holds {array.dtype}{hint}, expected real numbers")
    short = array.dtype.kind == "f" and array.dtype.itemsize <= np.dtype(np.float64).itemsize
    dtype = array.dtype.newbyteorder("=") if short else np.float64
    return torch.from_numpy(np.require(array, dtype, ["C_CONTIGUOUS", "WRITEABLE"]))


def _without_nullable(values: Any, name: str) -> np.ndarray:
    """Return NumPy's types for those that only pandas has; words and dates stay, and are refused later."""
    types = list(values.dtypes) if isinstance(values, pd.DataFrame) else [values.dtype]
    if not types or not all(
        pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype) for dtype in types
    ):
        return np.asarray(values)
    missing = np.asarray(values.isna())
    if missing.any():
        raise ValueError(f"{name}: row {int(missing.nonzero()[0][0])} has a missing value, expected a number")
    dtype = np.result_type(*[getattr(column, "numpy_dtype", getattr(column, "subtype", column)) for column in types])
    return np.asarray(values.to_numpy(np.float64 if dtype.kind == "O" else dtype))


def _without_mask(values: Any, name: str) -> np.ndarray:
    """Return an array; raises ValueError for masked values, whose fill values would count."""
    parts = values if isinstance(values, list | tuple) else [values]
    masked = [np.ma.getmaskarray(part) for part in parts if isinstance(part, np.ma.MaskedArray)]
    if any(mask.any() for mask in masked):
        raise ValueError(f"{name}: some values are masked, expected numbers alone")
    array: np.ndarray = np.asarray(values)
    return array
