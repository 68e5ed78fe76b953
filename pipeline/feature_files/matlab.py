"""Arrays of .mat files up to version 7.2; 7.3 is another format (HDF5), which SciPy names in its refusal.

SciPy's reader takes a damaged file's word for types and lengths, and may crash: they are checked before it reads.
"""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat, whosmat
from scipy.io.matlab import matfile_version

HEADER = 128  # bytes of a version 5 file before its elements
COMPRESSED, MATRIX = 15, 14  # types of elements
TYPES = frozenset((1, 2, 3, 4, 5, 6, 7, 9, 12, 13, MATRIX, COMPRESSED, 16, 17, 18))
CELLS, WORDS, SPARSE, NUMBERS = 1, 4, 5, frozenset(range(6, 16))  # classes of matrices


def read_mat(path: Path, choose: Callable[[list[str]], str]) -> Any:
    """An array of a file, words of a cell array among them.

    Args:
        path: the file.
        choose: gives the name of one of the arrays, of all their names.

    Raises:
        ValueError: the file is damaged, or of another format; SciPy's own errors too.
    """
    if matfile_version(path)[0] == 1:
        content = path.read_bytes()
        order = "<" if content[126:128] == b"IM" else ">"
        _check_elements(content[HEADER:], order)
    name = choose([name for name, *_ in whosmat(path)])
    return _words(loadmat(path, variable_names=[name])[name])


def _check_elements(content: bytes, order: str) -> None:
    """Raise ValueError where an element has an unknown type, or is longer than what it is in."""
    start = 0
    while start < len(content):
        kind, data, start = _element(content, start, order)
        if kind == COMPRESSED:
            _check_elements(zlib.decompress(data), order)
        elif kind == MATRIX and data:
            _check_matrix(data, order)


def _check_matrix(data: bytes, order: str) -> None:
    kind, flags, start = _element(data, 0, order)
    if kind != 6 or len(flags) != 8:
        raise ValueError("it is damaged: a matrix has no class")
    known = struct.unpack(f"{order}I", flags[:4])[0] & 0xFF
    if known in (CELLS, WORDS, SPARSE, *NUMBERS):  # others, as structures, are not read
        _check_elements(data[start:], order)


def _element(content: bytes, start: int, order: str) -> tuple[int, bytes, int]:
    """Type and data of the element at a place, and the place of the next."""
    if start + 8 > len(content):
        raise ValueError("it is damaged: an element is cut off")
    kind, length = struct.unpack_from(f"{order}II", content, start)
    small = kind >> 16
    first, end = (start + 4, start + 8) if small else (start + 8, start + 8 + length)
    kind, length = (kind & 0xFFFF, small) if small else (kind, length)
    if kind not in TYPES or first + length > min(end, len(content)):
        raise ValueError(f"it is damaged: an element of type {kind} and {length} bytes")
    padding = 0 if small or kind == COMPRESSED else -length % 8
    return kind, content[first : first + length], end + padding


def _words(found: Any) -> Any:
    """Words, of a cell array of them, as MATLAB keeps names; all else as it is."""
    if not (isinstance(found, np.ndarray) and found.dtype == object and found.size > 0):
        return found
    if not all(isinstance(cell, np.ndarray) and cell.dtype.kind == "U" and cell.size <= 1 for cell in found.flat):
        return found
    return np.array(["".join(cell.flat) for cell in found.flat]).reshape(found.shape)
