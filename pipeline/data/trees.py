"""Files below a folder or inside a zip archive, alike; archives are read in place, nothing is unpacked."""

import os
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.settings.base import SettingsError


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a tree: the folder or archive that holds it, and its path in there. A data set has millions of these,
    which is why they hold no objects but texts."""

    tree: Path
    name: str  # as the archive has it
    inside: str  # the same without detours such as `./`

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.inside)

    def __str__(self) -> str:
        return f"{self.tree}/{self.inside}"


def list_tree(tree: Path) -> list[TreeFile]:
    """All files of a folder or zip archive, hidden ones left out, sorted by path.

    Raises FileNotFoundError where there is nothing, SettingsError for another kind of file or an archive with a member
    that points out of it.
    """
    names: Iterable[str]
    if tree.is_dir():
        names = _folder_names(tree)
    elif zipfile.is_zipfile(tree):
        names = _zip_names(tree)
    elif tree.exists():
        raise SettingsError(f"{tree}: neither a folder nor a whole zip archive")
    else:
        raise FileNotFoundError(f"{tree}: not there; it has to be a folder or a zip archive")
    # in an archive made on Windows folders may end in a backslash, which in a folder here is a letter like others
    paths = ((name, name if tree.is_dir() else name.replace("\\", "/")) for name in names)
    files = (TreeFile(tree, name, posixpath.normpath(path)) for name, path in paths)
    visible = [file for file in files if "/." not in f"/{file.inside}"]
    return sorted(visible, key=lambda file: file.inside.replace("/", "\0"))  # folder by folder


def read_files(files: Iterable[TreeFile]) -> Iterator[bytes]:
    """Contents in the given order; every archive is opened once. Raises SettingsError naming a damaged member."""
    archives: dict[Path, zipfile.ZipFile] = {}
    with ExitStack() as stack:
        for file in files:
            if file.tree.is_dir():
                yield (file.tree / file.name).read_bytes()
                continue
            if file.tree not in archives:
                archives[file.tree] = stack.enter_context(zipfile.ZipFile(file.tree))
            try:
                yield archives[file.tree].read(file.name)
            except _UNREADABLE as error:
                raise SettingsError(f"{file}: cannot be read: {error}") from None


# what `zipfile` raises on damaged members: OSError for places that no file has, RuntimeError for encrypted ones
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError, struct.error)


def _folder_names(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder, followlinks=True):  # a subset is often a folder of links to class folders
        for path in (Path(parent) / name for name in names):
            if path.exists() and not path.is_file():  # a pipe would be waited for, for ever
                raise SettingsError(f"{path}: neither a file nor a folder; allowed are these")
            yield path.relative_to(folder).as_posix()


def _zip_names(archive: Path) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [member.filename for member in opened.infolist() if not member.is_dir()]
    except zipfile.BadZipFile as error:
        raise SettingsError(f"{archive}: not a whole zip archive ({error})") from None
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise SettingsError(f"{archive}: member {name!r} points out of the archive; allowed are paths inside it")
    return names
