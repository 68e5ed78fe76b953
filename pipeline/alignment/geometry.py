"""Further views of how alike two representations [N, d] and [N, d'] of the same rows are."""

import math

import numpy as np
import torch
from torch import Tensor

from pipeline.alignment.arrays import as_tensor
from pipeline.alignment.chunks import CHUNK, Track, untracked
from pipeline.alignment.products import gram
from pipeline.alignment.similarity import check_same_rows, raw_representation, representation

ROUNDED = 1e-6  # past 1 a cosine is rounding up to here


def representation_angle(cka: float) -> float:
    """Angle in degrees between two centred similarity matrices taken as vectors, whose cosine is CKA.

    The paper's Figure 1 gives such an angle without saying how it was computed; this is ours. A cosine that rounding
    carried past 1 is 1; raises ValueError for one further out.
    """
    if not abs(cka) <= 1 + ROUNDED:
        raise ValueError(f"CKA = {cka}: allowed is at most 1, as it is a cosine")
    return math.degrees(math.acos(max(-1.0, min(1.0, cka))))


def procrustes(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> float:
    """|X'Y|_* / (|X|_F |Y|_F) of centred features X, Y, in [0, 1]: 1 where a rotation and a scale make them equal.

    One minus it is half of the squared orthogonal Procrustes distance at unit norm (Schoenemann 1966). Costs one
    product of N d^2 and a singular value decomposition of d^3.
    """
    first, second = (raw_representation(as_tensor(x, name), name) for x, name in ((a, "first"), (b, "second")))
    check_same_rows(first, second)
    norms = first.centred.double().norm() * second.centred.double().norm()
    nuclear = torch.linalg.svdvals(gram(first.centred, second.centred)).sum()
    return min(1.0, float(nuclear / norms))


def mutual_knn(a: np.ndarray | Tensor, b: np.ndarray | Tensor, neighbours: int = 10, track: Track = untracked) -> float:
    """Share of a row's nearest neighbours by cosine that are the same in both, in [0, 1] (Huh et al. 2024).

    O(N^2 d) operations, in chunks of rows: no N x N matrix. Unrelated rows give neighbours / (N - 1).
    """
    first, second = (representation(as_tensor(x, name), name) for x, name in ((a, "first"), (b, "second")))
    check_same_rows(first, second)
    n, device = len(first.centred), first.centred.device
    if not 1 <= neighbours < n:
        raise ValueError(f"neighbours = {neighbours}: allowed is 1 to {n - 1}, one less than the rows")
    shared = 0
    for start in track(range(0, n, CHUNK), math.ceil(n / CHUNK)):
        own = torch.arange(start, min(start + CHUNK, n), device=device)
        near = []
        for side in (first, second):
            cosines = side.centred[own] @ side.centred.T + side.projections.to(
                side.centred.dtype
            )  # but for a row's own
            cosines[torch.arange(len(own), device=device), own] = -torch.inf
            near.append(cosines.topk(neighbours, dim=1).indices)
        shared += int((near[0][:, :, None] == near[1][:, None, :]).sum())
    return shared / (n * neighbours)
