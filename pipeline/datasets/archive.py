"""Zip archives of millions of members: their directory is kept as an array, 40 bytes a member. `zipfile` takes 0.6 KB
of each, and does not know names in UTF-8 as Info-ZIP writes them.

Format: PKWARE's APPNOTE.TXT 6.3.10; sections in brackets.
"""

import io
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

_END = struct.Struct("<4s4H2LH")  # of the central directory [4.3.16]
_END64 = struct.Struct("<4sQ2H2L4Q")  # [4.3.14]
_LOCATOR64 = struct.Struct("<4sLQL")  # [4.3.15]
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")  # of the central directory [4.3.12]
_MEMBER = struct.Struct("<4s2B4HL2L2H")  # before a member's contents [4.3.7]
_LONGEST_COMMENT = 0xFFFF
_IN_EXTRA = 0xFFFFFFFF  # a number that does not fit stands in the extra field [4.5.3]
_NUMBERS, _UTF8_NAME = 0x0001, 0x7075  # extra fields [4.5.3, 4.6.9]
_UNREADABLE, _UTF8 = 0x2061, 0x0800  # flags: encrypted or patched; names are in UTF-8 [4.4.4]
_STORED, _DEFLATED = 0, 8  # [4.4.5]
_UNIX = 3  # made there [4.4.2]

_PLACE = np.dtype(
    [
        ("offset", "<u8"),
        ("packed", "<u8"),
        ("size", "<u8"),
        ("checksum", "<u4"),
        ("name", "<u4"),  # checksums of its name, and of that as the archive has it
        ("raw_name", "<u4"),
        ("method", "<u2"),
        ("flags", "<u2"),
    ]
)


class BadArchiveError(Exception):
    """What is wrong with an archive or a member."""


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where an archive's central directory lies in its file."""

    start: int
    end: int
    count: int  # of its entries; some writers count to 65,535 and on from 0
    shift: int  # by what stands before the archive


def is_archive(path: Path) -> bool:
    """Whether a file ends as an archive does; what is in it is not looked at."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            _end(file, file.seek(0, io.SEEK_END))
    except (OSError, BadArchiveError):
        return False
    return True


def member_names(path: Path) -> Iterator[str]:
    """Of all members in the order of the directory, folders among them. Raises BadArchiveError."""
    with path.open("rb") as file:
        for name, _ in _entries(file, _directory(file)):
            yield name


class Archive:
    """An open archive. Raises BadArchiveError where its directory cannot be read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            directory = _directory(self._file)
            self._shift, self._length = directory.shift, self._file.seek(0, io.SEEK_END)
            places = (place for _, place in _entries(self._file, directory))
            self._places: npt.NDArray[Any] = np.fromiter(places, _PLACE)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def read(self, number: int, name: str) -> bytes:
        """Contents of a member, by its number in the directory. Raises BadArchiveError where it is damaged, packed in
        another way than deflated, or not called so: the archive is another one than its names were read from."""
        if number >= len(self._places) or self._places["name"][number] != zlib.crc32(name.encode()):
            raise BadArchiveError("the archive has changed")
        offset, packed, size, checksum, _, raw_name, method, flags = self._places[number].tolist()
        if flags & _UNREADABLE:
            raise BadArchiveError("it is encrypted")
        if method not in (_STORED, _DEFLATED):
            raise BadArchiveError(f"it is packed by method {method}; allowed are stored and deflated")
        start, longest = offset + self._shift, size if method == _STORED else 2 * size + 1024
        if start + packed > self._length or packed > longest:  # a length that is none does not fill the memory
            raise BadArchiveError("it is cut or damaged")
        self._file.seek(start)
        *_, name_length, extra_length = _unpack(_MEMBER, self._file, b"PK\3\4")
        if zlib.crc32(self._file.read(name_length)) != raw_name:
            raise BadArchiveError("another name stands before its contents")
        self._file.seek(extra_length, io.SEEK_CUR)
        data = self._file.read(packed)
        found = data if method == _STORED else _inflated(data, size)
        if zlib.crc32(found) != checksum:
            raise BadArchiveError("it has another checksum")
        return found


def _inflated(data: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, min(max(size, 1), sys.maxsize))
    except zlib.error as error:
        raise BadArchiveError(str(error)) from None


def _directory(file: BinaryIO) -> _Directory:
    length = file.seek(0, io.SEEK_END)
    at = _end(file, length)
    file.seek(at)
    _, disk, first_disk, _, count, size, offset, _ = _unpack(_END, file, b"PK\5\6")
    long = _END64.size + _LOCATOR64.size
    if at >= long:
        file.seek(at - _LOCATOR64.size)
        if file.read(4) == b"PK\6\7":
            at -= long
            file.seek(at)
            _, _, _, _, disk, first_disk, _, count, size, offset = _unpack(_END64, file, b"PK\6\6")
    if disk or first_disk:
        raise BadArchiveError("it is one part of several; allowed is one file")
    start = at - size
    if not 0 <= offset <= start:
        raise BadArchiveError("its directory does not fit into it")
    return _Directory(start, at, count, start - offset)


def _end(file: BinaryIO, length: int) -> int:
    """Where the last record is that says where the directory lies; a comment follows, which may look like one."""
    before = max(0, length - _END.size - _LONGEST_COMMENT)
    file.seek(before)
    data = file.read()
    at = len(data)
    while (at := data.rfind(b"PK\5\6", 0, at)) >= 0:
        if at + _END.size <= len(data):
            return before + at
    raise BadArchiveError("it has no end")


def _entries(file: BinaryIO, directory: _Directory) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and place of each member."""
    file.seek(directory.start)
    seen = 0
    while file.tell() < directory.end:
        found = _unpack(_ENTRY, file, b"PK\1\2")
        unix = found[2] == _UNIX
        flags, method, _, _, checksum, packed, size, *lengths, disk, _, _, offset = found[5:]
        raw, extra, _ = map(file.read, lengths)
        parts = _extra(extra)
        if disk:
            raise BadArchiveError("it is one part of several; allowed is one file")
        numbers = [size, packed, offset]
        _fill(numbers, parts.get(_NUMBERS, b""))
        size, packed, offset = numbers
        name = _name(raw, parts.get(_UTF8_NAME, b""), flags, unix)
        names = zlib.crc32(name.encode()), zlib.crc32(raw)
        yield name, (offset, packed, size, checksum, *names, method, flags)
        seen += 1
    if file.tell() != directory.end or (seen - directory.count) % 0x10000:
        raise BadArchiveError("its directory has another length than it says")


def _fill(numbers: list[int], extra: bytes) -> None:
    """The numbers that stand in the extra field, one after the other."""
    for place, number in enumerate(numbers):
        if number == _IN_EXTRA:
            if len(extra) < 8:
                raise BadArchiveError("its directory lacks a number")
            numbers[place], extra = int.from_bytes(extra[:8], "little"), extra[8:]


def _extra(data: bytes) -> dict[int, bytes]:
    """An extra field's parts by their kind; the rest is left out where one is cut."""
    found = {}
    while len(data) >= 4:
        kind, length = struct.unpack_from("<HH", data)
        found[kind], data = data[4 : 4 + length], data[4 + length :]
    return found


def _name(raw: bytes, other: bytes, flags: int, unix: bool) -> str:
    """In UTF-8 where that is said, or stands beside it, or where it was made on Unix and is; else in the old code page.
    A zero ends it, as in `zipfile`."""
    if len(other) > 5 and other[0] == 1 and int.from_bytes(other[1:5], "little") == zlib.crc32(raw):
        raw, flags = other[5:], flags | _UTF8
    try:
        name = raw.decode("utf-8" if flags & _UTF8 or unix else "cp437")
    except UnicodeDecodeError:
        if flags & _UTF8:
            raise BadArchiveError(f"a name is not in UTF-8: {raw!r}") from None
        name = raw.decode("cp437")
    return name.partition("\0")[0]


def _unpack(kind: struct.Struct, file: BinaryIO, signature: bytes) -> tuple[Any, ...]:
    data = file.read(kind.size)
    if len(data) < kind.size or not data.startswith(signature):
        raise BadArchiveError("it is cut or damaged")
    return kind.unpack(data)
