"""Two products of N d^2 operations that all measures are made of, in the fastest exact form of the machine.

Large representations are float32 on the CPU: blocks of rows are multiplied in float32 and added up in float64, which
keeps six digits for any N. A product of a representation with itself is symmetric, and BLAS then needs half.
"""

import numpy as np
import torch
from scipy.linalg.blas import ssyrk
from torch import Tensor

BLOCK = 16384  # rows multiplied in float32 before they are added in float64
STRIPE = 2048  # rows whose d' products are in memory at once


def gram(a: Tensor, b: Tensor) -> Tensor:
    """a'b [d, d'] float64 of rows [N, d] and [N, d']."""
    if torch.float64 in (a.dtype, b.dtype):
        return a.double().T @ b.double()
    total = torch.zeros(a.shape[1], b.shape[1], dtype=torch.float64, device=a.device)
    if a is not b or a.device.type != "cpu":
        for left, right in zip(a.split(BLOCK), b.split(BLOCK), strict=True):
            total += left.T @ right
        return total
    for block in a.split(BLOCK):
        total += torch.from_numpy(np.asarray(ssyrk(1.0, block.numpy().T, lower=1)).T)  # the other half is zero
    symmetric = total + total.T
    symmetric.diagonal().div_(2)
    return symmetric


def quadratic(a: Tensor, product: Tensor, b: Tensor) -> Tensor:
    """a_k P b_k [N] float64 for every row k, with P = a'b [d, d']."""
    matrix = product.to(a.dtype)
    stripes = zip(a.split(STRIPE), b.to(a.dtype).split(STRIPE), strict=True)
    return torch.cat([((left @ matrix) * right).sum(1).double() for left, right in stripes])
