"""CKA and RSA of any number of representations from one pass over batches; memory grows with d^2, not with N."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.representation import COLLAPSED, EQUAL
from twin_alignment.measures.rounding import CollapseError, is_constant
from twin_alignment.measures.row_names import joined_tensors
from twin_alignment.measures.similarity import PairSums, Similarity, from_sums
from twin_alignment.measures.tensors import as_tensor


class Accumulator:
    """Sums over batches for pairs of named representations, on the device of the batches.

    Unit rows are shifted by the mean of the first batch before anything is summed, in float64; how the shift differs
    from the mean of all rows is a rank-one correction at the end. One product of b d^2 per pair and batch.

    Args:
        names: names of the representations, one or more, each once.
        pairs: pairs of names that are compared. None: every two.

    Raises:
        ValueError: there is no name, one is repeated, or a pair has another.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> sums = Accumulator(["cl", "nscl"])
        >>> for _ in range(3):
        ...     features = rng.normal(size=(8, 4))
        ...     sums.update({"cl": features, "nscl": 2 * features})
        >>> sums.rows, round(sums.similarity("cl", "nscl").cka, 6)
        (24, 1.0)
    """

    def __init__(self, names: Sequence[str], pairs: Iterable[tuple[str, str]] | None = None) -> None:
        self.names = tuple(names)
        if len(set(self.names)) < max(len(self.names), 1):
            raise ValueError(f"names {', '.join(self.names) or 'none'}: expected one or more, each once")
        chosen = itertools.combinations(self.names, 2) if pairs is None else pairs
        self._pairs = tuple(dict.fromkeys([*((name, name) for name in self.names), *chosen]))
        for pair in self._pairs:
            self._check_names(pair)
        self.rows = 0
        self._ranges: dict[str, tuple[torch.dtype, Tensor, Tensor]] = {}  # smallest and largest of each column
        self._shifts: dict[str, Tensor] = {}
        self._sums: dict[str, Tensor] = {}
        self._products: dict[tuple[str, str], Tensor] = {}

    def update(self, batch: Mapping[str, np.ndarray | Tensor]) -> None:
        """Add a batch; one of no rows adds nothing.

        Args:
            batch: features [b, d] of the same b inputs for every name; tables of pandas are joined by their index.

        Raises:
            ValueError: a row has no direction, a name is missing, or shapes do not fit.
        """
        features = self._checked(batch)
        count = len(features[self.names[0]])
        if count == 0:
            return
        shifted = {name: self._shifted(name, rows) for name, rows in features.items()}
        self.rows += count
        for name, rows in shifted.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(rows[0])) + rows.sum(0)
        for pair in self._pairs:
            product = shifted[pair[0]].T @ shifted[pair[1]]
            self._products[pair] = self._products[pair].add_(product) if pair in self._products else product

    def similarity(self, first: str, second: str) -> Similarity:
        """Return CKA and RSA of all rows so far.

        Args:
            first: name of a representation.
            second: name of another, or the same.

        Raises:
            CollapseError: all rows of one point the same way, up to rounding.
            ValueError: a name is unknown, or there are fewer than 2 rows.
        """
        return from_sums(*self.pair_sums(first, second))

    def pair_sums(self, first: str, second: str) -> tuple[PairSums, PairSums, PairSums]:
        """Return the sums that measures are made of, of both, and of each with itself; raises as `similarity`."""
        self._check_names((first, second))
        if self.rows < 2:
            raise ValueError(f"{self.rows} rows, expected at least 2")
        return self._pair(first, second), self._pair(first, first), self._pair(second, second)

    def discard(self, name: str) -> None:
        """Drop a representation and its pairs: later batches need not have it."""
        self.names = tuple(item for item in self.names if item != name)
        self._pairs = tuple(pair for pair in self._pairs if name not in pair)
        self._products = {pair: product for pair, product in self._products.items() if name not in pair}

    def _check_names(self, pair: tuple[str, str]) -> None:
        for name in pair:
            if name not in self.names:
                raise ValueError(f"{name}: expected one of {', '.join(self.names)}")
        if pair not in self._pairs and pair[::-1] not in self._pairs:
            raise ValueError(f"{pair[0]} and {pair[1]}: expected one of the pairs that are summed")

    def _checked(self, batch: Mapping[str, np.ndarray | Tensor]) -> dict[str, Tensor]:
        missing = [name for name in self.names if name not in batch]
        if missing:
            raise ValueError(f"a batch has no {missing[0]}: expected all of {', '.join(self.names)}")
        first = self.names[0]
        features = {first: as_tensor(batch[first], first)}
        features |= {name: joined_tensors(batch[first], batch[name], first, name)[1] for name in self.names[1:]}
        for name, rows in features.items():
            dimensions = len(self._shifts[name]) if name in self._shifts else "d"
            if rows.ndim != 2 or dimensions not in ("d", rows.shape[1]):
                raise ValueError(f"{name}: a batch of shape {tuple(rows.shape)}, expected [rows, {dimensions}]")
        sizes = {name: len(rows) for name, rows in features.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"a batch has {sizes} rows, expected features of the same inputs")
        return features

    def _shifted(self, name: str, features: Tensor) -> Tensor:
        rows = features.double()
        norms = rows.norm(dim=1, keepdim=True)
        bad = ~(norms.isfinite() & (norms > 0)).squeeze(1)
        if bad.any():
            row = self.rows + int(bad.nonzero()[0])
            raise ValueError(f"{name}: row {row} is zero or not finite and has no cosine similarity")
        rows = rows / norms
        low, high = rows.aminmax(dim=0)
        dtype, lowest, highest = self._ranges.get(name, (features.dtype, low, high))
        self._ranges[name] = dtype, torch.minimum(lowest, low), torch.maximum(highest, high)
        if name not in self._shifts:
            self._shifts[name] = rows.mean(0)
        shifted: Tensor = rows - self._shifts[name]
        return shifted

    def _mean(self, name: str) -> Tensor:
        return self._shifts[name] + self._sums[name] / self.rows

    def _centred(self, first: str, second: str) -> Tensor:
        if (first, second) not in self._products:
            transposed: Tensor = self._centred(second, first).T
            return transposed
        correction: Tensor = torch.outer(self._sums[first], self._sums[second]) / self.rows
        return self._products[first, second] - correction

    def _pair(self, first: str, second: str) -> PairSums:
        product = self._centred(first, second)
        spreads = []
        for name in (first, second):
            spread = float(self._centred(name, name).trace()) / self.rows
            dtype, low, high = self._ranges[name]
            if spread <= EQUAL or is_constant(low, high, dtype).all():
                raise CollapseError(COLLAPSED.format(name=name, same="multiples of one"))
            spreads.append(spread)
        projections = float(self._mean(first) @ product @ self._mean(second))
        return PairSums(self.rows, float(product.square().sum()), projections, *spreads)
