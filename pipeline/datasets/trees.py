"""Files below a folder or inside a zip archive, alike; archives are read in place, nothing is unpacked."""

import os
import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.base import SettingsError

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a folder or archive; a dataset may have millions, so that it holds texts only."""

    tree: Path
    name: str  # as the folder or archive has it; a link to a folder above ends in `/`
    path: str  # the same without detours such as `./`, with forward slashes

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))

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
        top = tree.resolve()
        above = frozenset(_identity(folder.stat()) for folder in (top, *top.parents))
        names = {name: name for name in _walk(tree, "", above)}
    elif tree.exists():
        with _open_archive(tree) as archive:  # written on Windows, it may have backslashes
            names = {name: posixpath.normpath(name.replace("\\", "/")) for name in archive.namelist()}
        names = {name: path for name, path in names.items() if not name.endswith(("/", "\\"))}
    else:
        raise FileNotFoundError(f"{tree}: missing; expected a folder or a zip archive")
    files = [TreeFile(tree, name, name if path == name else path) for name, path in names.items()]
    files.sort(key=lambda file: file.path.replace("/", "\0"))
    return files


def read_files(files: Sequence[TreeFile]) -> Iterator[bytes]:
    """Read files in the given order; every archive is opened once. Raises SettingsError that names a damaged member."""
    archives: dict[Path, zipfile.ZipFile] = {}
    with ExitStack() as stack:
        for file in files:
            if file.tree.is_dir():
                yield (file.tree / file.name).read_bytes()
                continue
            if file.tree not in archives:
                archives[file.tree] = stack.enter_context(_open_archive(file.tree))
            try:
                yield archives[file.tree].read(file.name)
            except (*_DAMAGE, KeyError) as error:
                raise SettingsError(f"{file}: cannot be read ({error})") from None


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        try:
            return zipfile.ZipFile(path, metadata_encoding="utf-8")  # as Info-ZIP writes names, without saying so
        except UnicodeDecodeError:
            return zipfile.ZipFile(path)  # names are of the old code page
    except _DAMAGE as error:
        raise SettingsError(f"{path}: neither a folder nor a whole zip archive ({error})") from None


def _walk(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    """Names of all files below a folder, by way of links too: a subset is often a folder of links to class folders."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir():
                identity = _identity(entry.stat())
                if identity in above:  # which has no end
                    yield f"{name}/"
                else:
                    yield from _walk(folder / entry.name, f"{name}/", above | {identity})
            elif entry.is_file() or entry.is_symlink():  # a broken link is named when it is read
                yield name
            else:  # reading a pipe would wait forever
                raise SettingsError(f"{entry.path}: expected a file or a folder, got a pipe or device")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
