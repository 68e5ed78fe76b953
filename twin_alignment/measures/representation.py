"""Rows of one representation, prepared for exact sums over pairs of rows.

With unit rows u_i = m + e_i (m their mean), c_i = m . e_i and q = mean |e_i|^2 = 1 - |m|^2, a cosine similarity is

    S_ij = 1 - q + T_ij,    T_ij = e_i . e_j + c_i + c_j,    c_i = (q - |e_i|^2) / 2.

The shift matters: at the start of training all cosines are within 1e-6 of 1, and unshifted sums lose their digits even
in float64. More dimensions than rows are rotated into the number of rows first, which keeps all products of rows.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from twin_alignment.measures.products import gram
from twin_alignment.measures.rounding import CollapseError, is_constant

SLICE = 1024  # rows taken to float64 at once
LARGE = 2**30  # multiply-adds of one product from which the CPU takes float32 instead of float64
EQUAL = 1e-28  # mean |e_i|^2 at or below which unit rows differ by the rounding of float64 alone
COLLAPSED = "{name}: all similarities are equal, as all rows are {same} up to rounding: nothing can be compared"


@dataclass(frozen=True)
class Representation:
    """Rows of one representation, prepared for comparison."""

    name: str
    centred: Tensor  # e [N, min(N, d)], rotated where d > N: float64, or float32 where products are large
    projections: Tensor  # c [N] float64; zero for raw features, which are not on a sphere
    spread: float  # q

    @cached_property
    def lengths(self) -> Tensor:
        """|e_k|^2 [N] float64."""
        return torch.cat([block.double().square().sum(1) for block in self.centred.split(SLICE)])

    @cached_property
    def gram(self) -> Tensor:
        """A = E'E, of the columns of `centred`, float64."""
        return gram(self.centred, self.centred)

    def squared_chords(self, start: int, count: int, column: int = 0) -> Tensor:
        """|e_i - e_j|^2 [count, N - column] of `count` rows from `start` on and all rows from `column` on.

        Twice the cosine distance where rows are unit rows.
        """
        rows = slice(start, start + count)
        return self.lengths[rows, None] + self.lengths[column:] - 2 * self.centred[rows] @ self.centred[column:].T


def unit_representation(
    features: Tensor, name: str, dtype: torch.dtype | None = None, precision: torch.dtype | None = None
) -> Representation:
    """Unit rows minus their mean.

    Args:
        features: rows [N, d].
        name: name of the features in errors.
        dtype: type whose rounding the rows carry. None: that of `features`.
        precision: type of the result. None: float32 for large products on a CPU, float64 otherwise.

    Raises:
        CollapseError: all rows point the same way, up to rounding.
        ValueError: a row has no direction, or the shape is not [N, d].
    """
    _check_shape(features, name)
    norms = torch.cat([part.double().norm(dim=1) for part in features.split(SLICE)])
    bad = ~(norms.isfinite() & (norms > 0))
    if bad.any():
        raise ValueError(f"{name}: row {int(bad.nonzero()[0])} is zero or not finite and has no cosine similarity")
    parts = list(zip(features.split(SLICE), norms[:, None].split(SLICE), strict=True))
    mean = torch.stack([(part.double() / size).sum(0) for part, size in parts]).sum(0)
    mean /= len(features)
    centred = torch.empty(features.shape, dtype=precision or _precision(features), device=features.device)
    lengths = torch.empty_like(norms)
    low, high = torch.full_like(mean, torch.inf), torch.full_like(mean, -torch.inf)
    for start, (part, size) in zip(range(0, len(features), SLICE), parts, strict=True):
        unit = part.double() / size
        low, high = torch.minimum(low, unit.amin(0)), torch.maximum(high, unit.amax(0))
        rows = unit.sub_(mean)
        centred[start : start + SLICE] = rows
        lengths[start : start + SLICE] = rows.square().sum(1)
    spread = float(lengths.mean())
    if spread <= EQUAL or is_constant(low, high, dtype or features.dtype).all():
        raise CollapseError(COLLAPSED.format(name=name, same="multiples of one"))
    # from the lengths, not as m . e_i: where all rows are close c is as small as |e|^2, and float32 would not hold it
    return Representation(name, _rotated(centred), (lengths.mean() - lengths) / 2, spread)


def raw_representation(features: Tensor, name: str, precision: torch.dtype | None = None) -> Representation:
    """Rows minus their mean, in units of their spread, for CKA on raw features (the paper's released code).

    Args:
        features: rows [N, d].
        name: name of the features in errors.
        precision: type of the result. None: float32 for large products on a CPU, float64 otherwise.

    Raises:
        CollapseError: all rows are the same, up to rounding.
        ValueError: a row is not finite, or the shape is not [N, d].
    """
    _check_shape(features, name)
    rows = features.double()
    check_varied(rows, name, features.dtype)
    rows = centred_at_zero(rows)
    rows /= rows.abs().max()
    rows /= rows.square().sum(1).mean().sqrt()
    spread = float(rows.square().sum(1).mean())
    return Representation(name, _rotated(rows.to(precision or _precision(features))), rows.new_zeros(len(rows)), spread)


def centred_at_zero(rows: Tensor, dim: int = 0) -> Tensor:
    """Return float64 rows minus their mean along `dim`, taken twice: one pass leaves the rounding of a large mean."""
    centred = rows - rows.mean(dim, keepdim=True)
    return centred.sub_(centred.mean(dim, keepdim=True))


def check_varied(rows: Tensor, name: str, dtype: torch.dtype) -> None:
    """Raise CollapseError where rows [N, d], given in `dtype`, are all the same, ValueError where one is not finite."""
    finite = rows.isfinite().all(1)
    if not finite.all():
        raise ValueError(f"{name}: row {int((~finite).nonzero()[0])} is not finite")
    if is_constant(*rows.aminmax(dim=0), dtype).all():
        raise CollapseError(COLLAPSED.format(name=name, same="the same"))


def check_same_rows(a: Representation, b: Representation) -> None:
    """Raise ValueError where the numbers of rows differ."""
    if len(a.centred) != len(b.centred):
        sizes = f"{a.name} has {len(a.centred)} rows and {b.name} has {len(b.centred)}"
        raise ValueError(f"{sizes}: expected features of the same inputs")


def _check_shape(features: Tensor, name: str) -> None:
    if features.ndim != 2 or len(features) < 2 or features.shape[1] < 1:
        raise ValueError(f"{name}: shape {tuple(features.shape)}, expected [N, d]: at least 2 rows and 1 column")


def _precision(features: Tensor) -> torch.dtype:
    large = features.device.type == "cpu" and len(features) * min(features.shape) ** 2 > LARGE
    return torch.float32 if large else torch.float64


def _rotated(centred: Tensor) -> Tensor:
    """Rows [N, min(N, d)] with the same products of every two rows: with E' = QR they are those of R'."""
    rows, dimensions = centred.shape
    return torch.linalg.qr(centred.T, mode="r").R.T.contiguous() if dimensions > rows else centred
