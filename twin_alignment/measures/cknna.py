"""CKNNA: alignment of the similarities of nearest neighbours that two representations share."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from torch import Tensor

from twin_alignment.measures.block_jackknife import block_interval
from twin_alignment.measures.chunks import CHUNK, Track, untracked
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.geometry import pair_of
from twin_alignment.measures.neighbours import NEIGHBOURS, check_neighbours, neighbour_chances
from twin_alignment.randomness import keyed_generator

ORDERS = 100  # of rows, for the chance level
TIED = "{tied} of {rows} rows have ties for their last neighbours, which count by their chance to be one"
CHANCE = f"chance level: {ORDERS} random orders"
UNDEFINED = "not defined: a side's neighbours are too few, or too many of the rows"


def cknna(
    a: np.ndarray | Tensor, b: np.ndarray | Tensor, neighbours: int = NEIGHBOURS, track: Track = untracked
) -> Estimate:
    """Centred kernel nearest-neighbour alignment of cosine similarities, about 0 to 1 (Huh et al. 2024, released code).

    It is HSIC(MK, ML) / sqrt(HSIC(M1 K, M1 K) HSIC(M2 L, M2 L)) with the unbiased HSIC (Song et al. 2012). K and L are
    the cosine similarities of both sides, M1 and M2 mark the nearest neighbours of every row, and M those of both.
    Rows that are equally far, up to rounding, count by their chance to be a neighbour. M is not symmetric, and so
    the measure changes a little when both sides are swapped.

    The interval is a jackknife over ten blocks of rows. The chance level is mean and standard deviation over 100 random
    orders of one side's rows. Costs O(N^2 d) operations in blocks of rows, eleven times that with the interval, and
    memory for N times the number of neighbours.

    Args:
        a: features [N, d].
        b: features [N, d'] of the same rows.
        neighbours: number of neighbours of each row, 2 to N - 1.
        track: shows progress over blocks.

    Returns:
        Value, interval and chance level; NaN with a note where the HSIC of a side with itself is not positive.

    Raises:
        CollapseError: all rows of one point the same way.
        ValueError: rows have no direction or differ in number, or there are too few of them.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(40, 3))
        >>> round(cknna(x, 2 * x, neighbours=5).value, 6)
        1.0
    """
    return cknna_of(pair_of(a, b), track, neighbours)


def cknna_of(pair: Pair, track: Track = untracked, neighbours: int = NEIGHBOURS) -> Estimate:
    """CKNNA of a pair, see `cknna`."""
    n = len(pair.first.features)
    neighbours = min(neighbours, n - 1) if neighbours == NEIGHBOURS else neighbours
    first, second = _graphs(pair, neighbours, track)
    value = _alignment(first, second)
    if math.isnan(value):
        return Estimate(value, note=UNDEFINED)

    def without(rows: Tensor) -> float:
        return _alignment(*_graphs(pair.take(rows), min(neighbours, len(rows) - 1), untracked))

    low, high = block_interval(value, n, without, -1.0, track)
    rng, norm = keyed_generator(0, "orders of CKNNA", n), math.sqrt(_self_hsic(first) * _self_hsic(second))
    nulls = np.array([_cross_hsic(first, second.reordered(rng.permutation(n))) / norm for _ in range(ORDERS)])
    tied = int((first.ties | second.ties).sum())
    note = f"{TIED.format(tied=tied, rows=n)}; {CHANCE}" if tied else CHANCE
    return Estimate(value, low, high, float(nulls.mean()), float(nulls.std(ddof=1)), note)


@dataclass(frozen=True)
class _Graph:
    """Chances [N, N] of rows to be nearest neighbours, their similarities times these, and rows with ties [N]."""

    chances: csr_array
    weighted: csr_array
    ties: np.ndarray

    def reordered(self, order: np.ndarray) -> "_Graph":
        return _Graph(self.chances[order][:, order], self.weighted[order][:, order], self.ties[order])


def _graphs(pair: Pair, neighbours: int, track: Track) -> tuple[_Graph, _Graph]:
    check_neighbours(pair, neighbours, minimum=2)
    first, second = (_graph(side, neighbours, track) for side in (pair.first, pair.second))
    return first, second


def _graph(side: FeatureSet, neighbours: int, track: Track) -> _Graph:
    n = len(side.features)
    rows, columns, chances, similarities, ties = [], [], [], [], []
    for start in track(range(0, n, CHUNK), math.ceil(n / CHUNK)):
        dense, tied = neighbour_chances(side, start, neighbours)
        row, column = dense.nonzero(as_tuple=True)
        squared = side.exact.squared_chords(start, CHUNK)[row, column]
        rows.append((row + start).cpu().numpy())
        columns.append(column.cpu().numpy())
        chances.append(dense[row, column].double().cpu().numpy())
        similarities.append(1 - squared.double().cpu().numpy() / 2)
        ties.append(tied.cpu().numpy())
    places = (np.concatenate(rows), np.concatenate(columns))
    chance = np.concatenate(chances)
    weighted = chance * np.concatenate(similarities)
    return _Graph(_sparse(chance, places, n), _sparse(weighted, places, n), np.concatenate(ties))


def _sparse(values: np.ndarray, places: tuple[np.ndarray, np.ndarray], n: int) -> csr_array:
    return coo_array((values, places), (n, n)).tocsr()


def _alignment(first: _Graph, second: _Graph) -> float:
    """CKNNA of two graphs, NaN where a side has none with itself."""
    sides = _self_hsic(first), _self_hsic(second)
    return _cross_hsic(first, second) / math.sqrt(sides[0] * sides[1]) if min(sides) > 0 else math.nan


def _cross_hsic(first: _Graph, second: _Graph) -> float:
    return _hsic(first.weighted.multiply(second.chances), second.weighted.multiply(first.chances))


def _self_hsic(side: _Graph) -> float:
    masked = side.weighted.multiply(side.chances)
    return _hsic(masked, masked)


def _hsic(k: csr_array, m: csr_array) -> float:
    """Unbiased HSIC of sparse kernels without diagonal, times N (N - 3) (Song et al. 2012, eq. 5)."""
    n = k.shape[0]
    traces = float(k.multiply(m.T.tocsr()).sum())
    totals = float(k.sum()) * float(m.sum()) / ((n - 1) * (n - 2))
    return traces + totals - 2 / (n - 2) * float(k.sum(axis=0) @ m.sum(axis=1))
