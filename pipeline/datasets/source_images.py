"""A dataset's images or arrays as their source has them, before they are stored."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Mode = Literal["RGB", "L"]


@dataclass(frozen=True)
class ImageFiles:
    """Encoded images of one split, read when they are asked for."""

    read: Callable[[int, int], Iterable[tuple[str, bytes]]]  # names and contents from one row up to another
    mode: Mode  # `L`: greyscale
    size: int | None  # height = width that they are brought to; None: as they are


@dataclass(frozen=True)
class SourceSplit:
    """Images of one split, and their labels [N]: indices of class names."""

    images: Pixels | ImageFiles  # pixels: [N, H, W] or [N, H, W, 3]
    labels: Labels


@dataclass(frozen=True)
class SourceImages:
    """A dataset as its source has it."""

    class_names: tuple[str, ...]
    train: SourceSplit
    test: SourceSplit
    notes: tuple[str, ...] = field(default=(), kw_only=True)  # sentences on what is skipped or changed


@dataclass(frozen=True)
class ArraySplit:
    """Rows of one split [N, ...], and their labels [N]: indices of class names."""

    rows: Rows
    labels: Labels


@dataclass(frozen=True)
class SourceArrays:
    """A dataset of arrays as its source has it; both splits have rows of every class."""

    class_names: tuple[str, ...]
    train: ArraySplit
    test: ArraySplit
    notes: tuple[str, ...] = field(default=(), kw_only=True)  # sentences on what is skipped or changed
