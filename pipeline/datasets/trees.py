"""Files below a folder or inside a zip archive, alike; archives are read in place, nothing is unpacked."""

import os
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.config.base import SettingsError

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, OverflowError, OSError, KeyError),
)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a folder or archive; a dataset may have millions, so that it holds texts only."""

    tree: Path
    name: str  # as the folder or archive has it
    path: str  # the same without detours such as `./`, with forward slashes

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))

    @property
    def is_loop(self) -> bool:
        """True for a link to a folder above it."""
        return self.name.endswith("/")

    @property
    def is_hidden(self) -> bool:
        """True if a part of its path begins with a dot."""
        return "/." in f"/{self.path}"

    def __str__(self) -> str:
        return f"{self.tree}/{self.path}"


def list_tree(tree: Path) -> list[TreeFile]:
    """List all files of a folder or zip archive, sorted by path, folder by folder.

    Raises:
        FileNotFoundError: the tree is missing.
        SettingsError: the tree is neither a folder nor a zip archive, or has a pipe or device in it.
        OSError: a folder may not be read.
    """
    if tree.is_dir():
        files = [_file(tree, name, name) for name in _walk(tree)]
    elif tree.exists():
        with _open_archive(tree) as archive:
            members = [member for member in archive.infolist() if not member.filename.endswith(("/", "\\"))]
        # archives written on Windows may have backslashes, which are ordinary letters in a folder here
        files = [_file(tree, member.filename, _decoded_name(member).replace("\\", "/")) for member in members]
    else:
        raise FileNotFoundError(f"{tree}: missing; expected a folder or a zip archive")
    files.sort(key=lambda file: file.path.replace("/", "\0"))
    return files


def open_files(files: Iterable[TreeFile]) -> Iterator[IO[bytes]]:
    """Open files in the given order, each until the next is asked for; every archive is opened once. Raises
    SettingsError that names a damaged one."""
    archives: dict[Path, zipfile.ZipFile] = {}
    with ExitStack() as stack:
        for file in files:
            if file.tree.is_dir():
                stream: IO[bytes] = (file.tree / file.name).open("rb")
            else:
                if file.tree not in archives:
                    archives[file.tree] = stack.enter_context(_open_archive(file.tree))
                try:
                    stream = archives[file.tree].open(file.name)
                except _DAMAGE as error:
                    raise _unreadable(file, error) from None
            with stream:
                yield stream


def read_files(files: list[TreeFile]) -> Iterator[bytes]:
    """Read files in the given order. Raises SettingsError that names a damaged member of an archive."""
    for file, stream in zip(files, open_files(files), strict=True):
        try:
            yield stream.read()
        except _DAMAGE as error:
            raise _unreadable(file, error) from None


def is_archive(path: Path) -> bool:
    """Return whether a file ends as a zip archive does: a partial download does not."""
    return path.is_file() and zipfile.is_zipfile(path)


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise SettingsError(f"{path}: neither a folder nor a whole zip archive ({error})") from None


def _unreadable(file: TreeFile, error: BaseException) -> SettingsError:
    return SettingsError(f"{file}: cannot be read ({error})")


def _file(tree: Path, name: str, path: str) -> TreeFile:
    plain = posixpath.normpath(path)
    return TreeFile(tree, name, name if plain == name else plain)  # one text where they are equal


def _decoded_name(member: zipfile.ZipInfo) -> str:
    """Name in UTF-8 where Info-ZIP wrote it without the flag that says so."""
    if member.flag_bits & 0x800 or member.create_system != 3:
        return member.filename
    try:
        return member.filename.encode("cp437").decode()
    except UnicodeError:
        return member.filename


def _walk(folder: Path) -> Iterator[str]:
    """Names of all files below a folder, by way of links too: a subset is often a folder of links to class folders. A
    link to a folder above it ends in `/` and is not followed."""
    top = folder.resolve()
    return _walk_below(folder, "", frozenset(_identity(above.stat()) for above in (top, *top.parents)))


def _walk_below(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir():
                identity = _identity(entry.stat())
                if identity in above:
                    yield f"{name}/"
                else:
                    yield from _walk_below(Path(entry.path), f"{name}/", above | {identity})
            elif entry.is_file() or entry.is_symlink():  # a broken link is named when it is read
                yield name
            else:  # reading a pipe would wait forever
                raise SettingsError(f"{entry.path}: expected a file or a folder, got a pipe or device")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
