"""A dataset's images as its source has them, before they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pipeline.datasets.decode import ImageFile

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SourceSplit:
    """What a source gives of one split: the number of images is known before the first is read."""

    count: int
    items: Iterable[tuple[Pixels | ImageFile, int]]  # image [H, W, C] or [H, W], or the file that it is in; label


@dataclass(frozen=True)
class SourceImages:
    """A dataset as its source has it."""

    class_names: tuple[str, ...]
    train: SourceSplit
    test: SourceSplit
    notes: tuple[str, ...] = field(default=(), kw_only=True)  # sentences on what is left out
