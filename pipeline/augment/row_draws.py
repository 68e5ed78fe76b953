"""Random numbers for views of rows: each row draws from its own key, whatever other rows are in its batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.augment.draws import Integers
from pipeline.system.device import to_device


@dataclass(frozen=True)
class RowDraws:
    """Keys of one view of some rows.

    Attributes:
        key: of an epoch and a view, uint64 [2].
        rows: numbers of the rows [B].
    """

    key: npt.NDArray[np.uint64]
    rows: Integers

    def take(self, samples: Integers | slice) -> RowDraws:
        """Select some rows, in the given order."""
        return RowDraws(self.key, self.rows[samples])

    def digest_bytes(self) -> bytes:
        """Serialise to canonical bytes, the same on every machine, for a hash."""
        return self.key.astype("<u8").tobytes() + self.rows.astype("<i8").tobytes()


def draw_rows(generator: np.random.Generator, count: int) -> RowDraws:
    """Draw the key of one view of `count` rows; a longer table starts with the rows of a shorter one."""
    return RowDraws(generator.integers(2**64, size=2, dtype=np.uint64), np.arange(count))


class RowGenerator:
    """Source of a view's randomness: every method returns numbers [B, *shape] on the device of the batch.

    Row i of the result is drawn from a key of epoch, row and view. It does not depend on the other rows of the batch.
    Two calls give different numbers; equal calls in the same order give equal numbers.

    Args:
        draws: keys of the rows.
        data: gives all training rows [N, ...].
        device: of the batch.

    Attributes:
        device: of the batch.
    """

    def __init__(self, draws: RowDraws, data: Callable[[], Tensor], device: torch.device) -> None:
        self.device = device
        self._draws, self._data, self._calls = draws, data, 0

    @property
    def data(self) -> Tensor:
        """All training rows [N, ...], for views that use values of other rows. Do not change it."""
        return self._data()

    def uniform(self, *shape: int) -> Tensor:
        """Draw float32 numbers [B, *shape] from 0 up to 1, without 1."""
        return self._by_row(lambda generator: generator.random(shape, dtype=np.float32), shape, np.float32)

    def normal(self, *shape: int) -> Tensor:
        """Draw float32 numbers [B, *shape] of mean 0 and variance 1."""
        return self._by_row(lambda generator: generator.standard_normal(shape, dtype=np.float32), shape, np.float32)

    def bernoulli(self, probability: float, *shape: int) -> Tensor:
        """Draw truth values [B, *shape] that are true with a probability."""
        return self.uniform(*shape) < probability

    def integers(self, high: int, *shape: int) -> Tensor:
        """Draw whole numbers [B, *shape] (int64) from 0 up to `high`, without `high`."""
        return self._by_row(lambda generator: generator.integers(high, size=shape), shape, np.int64)

    def _by_row(
        self, draw: Callable[[np.random.Generator], object], shape: tuple[int, ...], dtype: npt.DTypeLike
    ) -> Tensor:
        """Draw row by row, each from a Philox stream at the counter (call, row)."""
        numbers = np.empty((len(self._draws.rows), *shape), dtype)
        bits = np.random.Philox(key=self._draws.key)
        generator, state = np.random.Generator(bits), bits.state
        for place, row in enumerate(self._draws.rows.tolist()):
            state["state"]["counter"] = np.array([0, 0, row, self._calls], np.uint64)  # the low words count the draws
            bits.state = state  # half the time of a new generator
            numbers[place] = draw(generator)
        self._calls += 1
        return to_device(numbers, self.device)
