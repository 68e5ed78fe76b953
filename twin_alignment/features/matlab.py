"""Arrays of .mat files up to version 7.2; 7.3 is another format (HDF5), which SciPy names in its refusal.

Files of version 5 to 7.2 are read here, by MathWorks' "MAT-File Format": SciPy's reader trusts types and lengths in a
damaged file, and crashes the process.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from twin_alignment.features.row_name_arrays import Arrays

HEADER = 128  # bytes of a file before its elements
MATRIX, COMPRESSED = 14, 15  # types of elements
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
WORDS = {16: "utf-8", 17: "utf-16", 18: "utf-32", 1: "latin-1", 2: "latin-1", 4: "utf-16"}  # of characters
CELL, CHARACTERS, SPARSE, OPAQUE = 1, 4, 5, 17  # classes of matrices; one of them without a shape
CLASSES = dict(zip(range(6, 16), ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"), strict=True))
COMPLEX = 0x800  # among a matrix's flags


@dataclass(frozen=True)
class _Matrix:
    flags: int
    shape: tuple[int, ...]
    name: str
    parts: list[tuple[int, bytes]]  # type and content of what follows
    order: str  # of bytes

    def values(self) -> np.ndarray:
        """Numbers, or words; raises ValueError for what is neither."""
        kind = self.flags & 0xFF
        if kind in CLASSES:
            real = self._numbers(*self.parts[0], CLASSES[kind])
            return real + 1j * self._numbers(*self.parts[1], CLASSES[kind]) if self.flags & COMPLEX else real
        if kind == CHARACTERS:
            return self._words(*self.parts[0])
        if kind != CELL:
            raise ValueError("it is sparse, expected a dense one" if kind == SPARSE else "it is a structure or object")
        cells = [_matrix(content, self.order) for _, content in self.parts]
        if any(cell.flags & 0xFF != CHARACTERS or len(cell.shape) != 2 or cell.shape[0] > 1 for cell in cells):
            raise ValueError("it holds objects, expected numbers, or words in cells")
        return np.array(["".join(cell.values()) for cell in cells]).reshape(self.shape, order="F")

    def _numbers(self, kind: int, content: bytes, dtype: str) -> np.ndarray:
        stored = np.frombuffer(content, f"{self.order}{NUMBERS[kind]}")
        return stored.astype(dtype).reshape(self.shape, order="F")

    def _words(self, kind: int, content: bytes) -> np.ndarray:
        """Rows of characters, a word each."""
        codec = WORDS[kind] + ({"<": "-le", ">": "-be"}[self.order] if kind in (4, 17, 18) else "")
        letters = np.array(list(content.decode(codec)), dtype="U1").reshape(self.shape, order="F")
        return np.array(["".join(row) for row in letters.reshape(self.shape[0], math.prod(self.shape[1:]))])


def read_mat(path: Path) -> Arrays:
    """Functions that read the arrays of a file, or the words of its cell arrays, by name.

    Args:
        path: the file.

    Returns:
        Functions that raise ValueError where an array is neither numbers nor words.

    Raises:
        ValueError: the file is damaged; other errors of SciPy for other versions.
    """
    from scipy.io import whosmat  # noqa: PLC0415  (a tenth of a second that other files do without)
    from scipy.io.matlab import MatReadError, matfile_version  # noqa: PLC0415

    try:
        if matfile_version(path)[0] != 1:
            return {name: partial(_read_old, path, name) for name, *_ in whosmat(path)}
    except MatReadError as error:
        raise ValueError(str(error)) from None
    content = path.read_bytes()
    order = "<" if content[126:HEADER] == b"IM" else ">"
    return {matrix.name: matrix.values for matrix in _matrices(content[HEADER:], order) if matrix.name}


def _read_old(path: Path, name: str) -> np.ndarray:
    from scipy.io import loadmat  # noqa: PLC0415
    from scipy.io.matlab import MatReadError  # noqa: PLC0415

    try:
        values: np.ndarray = loadmat(path, variable_names=[name])[name]
    except MatReadError as error:
        raise ValueError(str(error)) from None
    return values


def _matrices(content: bytes, order: str) -> Iterator[_Matrix]:
    for kind, data in _elements(content, order):
        if kind == COMPRESSED:
            yield from _matrices(zlib.decompress(data), order)
        elif kind == MATRIX:
            yield _matrix(data, order)


def _matrix(content: bytes, order: str) -> _Matrix:
    (_, first), *parts = _elements(content, order)
    (flags,) = struct.unpack_from(f"{order}I", first)
    shape: tuple[int, ...] = ()
    if flags & 0xFF != OPAQUE:
        (_, sizes), *parts = parts
        shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    if min(shape, default=0) < 0:
        raise ValueError(f"it is damaged: an array of shape {shape}")
    (_, name), *parts = parts
    return _Matrix(flags, shape, name.decode("latin-1"), parts, order)


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of every element."""
    start = 0
    while start < len(content):
        kind, length = struct.unpack_from(f"{order}II", content, start)
        small = kind >> 16  # bytes of an element in four bytes
        first, kind, length = (start + 4, kind & 0xFFFF, small) if small else (start + 8, kind, length)
        if first + length > len(content):
            raise ValueError(f"it is damaged: an element of {length} bytes of which {len(content) - first} are left")
        yield kind, content[first : first + length]
        start = start + 8 if small else first + length + (0 if kind == COMPRESSED else -length % 8)
