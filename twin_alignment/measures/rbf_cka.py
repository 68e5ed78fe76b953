"""CKA with Gaussian kernels of raw features, from blocks of rows: no N x N matrix is kept."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.chunks import CHUNK, Track, untracked
from twin_alignment.measures.feature_set import Estimate, Pair
from twin_alignment.measures.geometry import pair_of
from twin_alignment.measures.jackknife import MIN_ROWS, interval
from twin_alignment.measures.null import permuted_alignment
from twin_alignment.measures.representation import Representation, check_same_rows
from twin_alignment.measures.rounding import CollapseError
from twin_alignment.measures.similarity import ROUNDING

BINS, ACCURACY = 2**16, 1e-8  # of the median of squared distances, which takes two passes, rarely more


def rbf_cka(
    a: np.ndarray | Tensor, b: np.ndarray | Tensor, bandwidth: float = 1.0, track: Track = untracked
) -> Estimate:
    """CKA of Gaussian kernels exp(-|x_i - x_j|^2 / (2 s^2)), in [0, 1] (Kornblith et al. 2019, section 4).

    The width s of a side is the median distance of its pairs of rows, times the bandwidth; of an even number of pairs
    the lower of both middle ones. The interval is the exact jackknife over rows at these widths, and the chance level
    the exact mean and standard deviation over all orders of one side's rows. Costs O(N^2 d) operations: the distances
    of all pairs four times, in blocks of 1,024 rows.

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.
        bandwidth: width of the kernel, in units of the median distance.
        track: shows progress over blocks.

    Raises:
        CollapseError: all rows of one are the same up to rounding, or most pairs of rows are.
        ValueError: rows are not finite, differ in number, or are fewer than 5, or the bandwidth is not positive.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(20, 3))
        >>> round(rbf_cka(x, 3 * x[:, ::-1] + 1).value, 6)
        1.0
    """
    return cka_rbf(pair_of(a, b), track, bandwidth)


def cka_rbf(pair: Pair, track: Track = untracked, bandwidth: float = 1.0) -> Estimate:
    """RBF-CKA of a pair, see `rbf_cka`."""
    sides = pair.first.raw.a, pair.second.raw.a
    check_same_rows(*sides)
    n = len(sides[0].centred)
    if n < MIN_ROWS or not bandwidth > 0:
        raise ValueError(f"{n} rows, bandwidth {bandwidth}: expected at least {MIN_ROWS} rows and a width above 0")
    kernels = [_Kernel(side, bandwidth**2 * median_of_squares(side, track)) for side in sides]
    sums = [kernel.row_sums(track) for kernel in kernels]
    cross, self_a, self_b = _products(kernels, sums, track)
    centred = [products.centred for products in (self_a, self_b)]
    if not all(value > ROUNDING * products.total for value, products in zip(centred, (self_a, self_b), strict=True)):
        raise CollapseError("RBF-CKA is not defined: similarities of different rows are all equal in one of both")
    value = min(1.0, max(0.0, cross.centred / math.sqrt(centred[0] * centred[1])))
    diagonals = [1 - 2 * rows / n + rows.sum() / n**2 for rows in sums]
    null = permuted_alignment(n, centred, diagonals)
    without = [products.without for products in (cross, self_a, self_b)]
    if not all(bool((rows > ROUNDING * n * n).all()) for rows in without[1:]):
        return Estimate(value, 0.0, 1.0, *null)
    return Estimate(value, *interval(value, without[0] / (without[1] * without[2]).sqrt(), 0.0), *null)


@dataclass(frozen=True)
class _Kernel:
    rows: Representation
    squared_width: float

    def block(self, start: int) -> Tensor:
        """Kernel [b, N - start] of rows from `start` on with later ones; 0 for a row with itself and earlier ones."""
        squared = self.rows.squared_chords(start, CHUNK, start)
        return squared.div_(-2 * self.squared_width).exp_().triu_(1).double()

    def row_sums(self, track: Track) -> Tensor:
        """Sum of the kernel of each row with all rows, itself among them."""
        sums = self.rows.lengths.new_ones(len(self.rows.lengths))
        for start in _starts(self.rows, track):
            _add(sums, start, self.block(start))
        return sums


@dataclass(frozen=True)
class _Products:
    """Sums of products of two kernels K and L whose diagonals are 1.

    Attributes:
        of_rows: sum over j != k of K_kj L_kj, for every row k.
        first, second: row sums r and s of K and of L.
        first_with_second, second_with_first: sum over i != k of s_i K_ik, and of r_i L_ik.
    """

    of_rows: Tensor
    first: Tensor
    second: Tensor
    first_with_second: Tensor
    second_with_first: Tensor

    @property
    def total(self) -> float:
        """Sum of K_ij L_ij over all i and j."""
        return len(self.of_rows) + float(self.of_rows.sum())

    @property
    def centred(self) -> float:
        """<HKH, HLH>."""
        n = len(self.of_rows)
        means = float(self.first.sum()) * float(self.second.sum()) / n**2
        return self.total - 2 / n * float(self.first @ self.second) + means

    @property
    def without(self) -> Tensor:
        """<HKH, HLH> without row k, for every k."""
        n, first, second = len(self.of_rows), self.first, self.second
        products = self.total - 2 * self.of_rows - 1
        rows = first @ second - first * second - self.second_with_first - self.first_with_second + self.of_rows
        totals = (first.sum() - 2 * first + 1) * (second.sum() - 2 * second + 1)
        return products - 2 / (n - 1) * rows + totals / (n - 1) ** 2


def _products(kernels: list[_Kernel], sums: list[Tensor], track: Track) -> list[_Products]:
    """Products of the first kernel with the second, and of each with itself, in one pass over blocks."""
    pairs = ((0, 1), (0, 0), (1, 1))
    of_rows = [torch.zeros_like(sums[0]) for _ in pairs]
    weighted = {(kernel, weights): torch.zeros_like(sums[0]) for kernel in (0, 1) for weights in (0, 1)}
    for start in _starts(kernels[0].rows, track):
        blocks = [kernel.block(start) for kernel in kernels]
        for total, (first, second) in zip(of_rows, pairs, strict=True):
            _add(total, start, blocks[first] * blocks[second])
        for (kernel, weights), total in weighted.items():
            total[start : start + CHUNK] += blocks[kernel] @ sums[weights][start:]
            total[start:] += blocks[kernel].T @ sums[weights][start : start + CHUNK]
    return [
        _Products(total, sums[first], sums[second], weighted[first, second], weighted[second, first])
        for total, (first, second) in zip(of_rows, pairs, strict=True)
    ]


def median_of_squares(rows: Representation, track: Track = untracked) -> float:
    """Median of |x_i - x_j|^2 over the pairs i < j, from counts of finer and finer bins.

    Raises:
        CollapseError: it is 0 up to rounding.
    """
    n = len(rows.lengths)
    rank, low, width = (n * (n - 1) // 2 - 1) // 2, 0.0, 4 * float(rows.lengths.max())
    rounding = 8 * width * torch.finfo(rows.centred.dtype).eps
    while width > max(ACCURACY * low, rounding):
        counts = torch.zeros(BINS + 2, dtype=torch.long, device=rows.lengths.device)  # below, the bins, above
        for start in _starts(rows, track):
            squared = rows.squared_chords(start, CHUNK, start)
            later = torch.ones_like(squared, dtype=torch.bool).triu(1)
            places = ((squared[later] - low) * (BINS / width)).floor().clamp(-1, BINS).long() + 1
            counts += places.bincount(minlength=BINS + 2)
        place = int(torch.searchsorted(counts.cumsum(0), rank, right=True))
        low += (min(max(place, 1), BINS) - 1) * width / BINS
        width /= BINS
    if low <= rounding:
        raise CollapseError(f"{rows.name}: most pairs of rows are the same up to rounding: the kernel has no width")
    return low + width / 2


def _starts(rows: Representation, track: Track) -> Iterable[int]:
    """First rows of the blocks."""
    starts = range(0, len(rows.lengths), CHUNK)
    return track(starts, len(starts))


def _add(sums: Tensor, start: int, block: Tensor) -> None:
    """Add the sums of a block's rows and of its columns, which are rows too, to the sums of all rows."""
    sums[start : start + CHUNK] += block.sum(1)
    sums[start:] += block.sum(0)
