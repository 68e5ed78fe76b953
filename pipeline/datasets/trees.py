"""Files below a folder or inside a zip archive, alike; archives are read in place, nothing is unpacked."""

import os
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.config.base import SettingsError
from pipeline.datasets.archive import Archive, BadArchiveError, is_archive, member_names


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a tree: the folder or archive that holds it, and its path in there. A data set has millions of these,
    which is why they hold no objects but texts."""

    tree: Path
    name: str  # as the archive has it
    inside: str  # the same without detours such as `./`
    number: int  # in the archive's directory

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.inside)

    @property
    def is_loop(self) -> bool:
        """Whether it is a link to a folder above it."""
        return self.name.endswith("/")

    def __str__(self) -> str:
        return f"{self.tree}/{self.inside}"


def list_tree(tree: Path) -> list[TreeFile]:
    """All files of a folder or zip archive, hidden ones and links to folders above left out, sorted by path. Raises as
    `list_all`."""
    return [file for file in list_all(tree) if not (is_hidden(file.inside) or file.is_loop)]


def list_all(tree: Path) -> list[TreeFile]:
    """All files of a folder or zip archive, sorted by path, folder by folder.

    Raises FileNotFoundError where there is nothing, SettingsError for another kind of file or an archive with a member
    that points out of it, OSError for a folder that may not be read.
    """
    if tree.is_dir():
        files = [_file(tree, name, name, 0) for name in walk(tree)]
    elif is_archive(tree):
        files = list(_members(tree))
    elif tree.exists():
        raise SettingsError(f"{tree}: neither a folder nor a whole zip archive")
    else:
        raise FileNotFoundError(f"{tree}: not there; it has to be a folder or a zip archive")
    files.sort(key=lambda file: file.inside.replace("/", "\0"))
    return files


def is_hidden(name: str) -> bool:
    """Whether a path has a part that begins with a dot."""
    return "/." in f"/{name}"


def read_files(files: Iterable[TreeFile]) -> Iterator[bytes]:
    """Contents in the given order; every archive is opened once. Raises SettingsError naming a damaged member."""
    archives: dict[Path, Archive] = {}
    with ExitStack() as stack:
        for file in files:
            if file.tree.is_dir():
                yield (file.tree / file.name).read_bytes()
                continue
            try:
                if file.tree not in archives:
                    archives[file.tree] = stack.enter_context(Archive(file.tree))
                yield archives[file.tree].read(file.number, file.name)
            except BadArchiveError as error:
                raise SettingsError(f"{file}: cannot be read: {error}") from None


def _file(tree: Path, name: str, path: str, number: int) -> TreeFile:
    inside = posixpath.normpath(path)
    return TreeFile(tree, name, name if inside == name else inside, number)  # one text where they are the same


def walk(folder: Path) -> Iterator[str]:
    """Names of all files below a folder, by way of links too, as a subset is often a folder of links to class folders.

    A link to a folder above it ends in `/` and is not followed, which would have no end.
    """
    whole = folder.resolve()
    return _walk(folder, "", frozenset(_identity(above.stat()) for above in (whole, *whole.parents)))


def _walk(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir():
                identity = _identity(entry.stat())
                if identity in above:
                    yield f"{name}/"
                else:
                    yield from _walk(Path(entry.path), f"{name}/", above | {identity})
            elif entry.is_file() or not Path(entry.path).exists():  # a broken link is named when it is read
                yield name
            else:  # a pipe would be waited for, for ever
                raise SettingsError(f"{entry.path}: neither a file nor a folder; allowed are these")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _members(archive: Path) -> Iterator[TreeFile]:
    try:
        for number, name in enumerate(member_names(archive)):
            # archives made on Windows may have backslashes, which in a folder here are letters like others
            path = name.replace("\\", "/")
            if name.startswith(("/", "\\")) or ".." in path.split("/"):
                raise SettingsError(
                    f"{archive}: member {name!r} points out of the archive; allowed are paths inside it"
                )
            if not path.endswith("/"):
                yield _file(archive, name, path, number)
    except BadArchiveError as error:
        raise SettingsError(f"{archive}: not a whole zip archive ({error})") from None
