"""Files below a folder or inside a zip archive, alike; archives are read in place, nothing is unpacked."""

import os
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.data.archive import Archive, BadArchiveError, is_archive, member_names
from pipeline.settings.base import SettingsError


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

    def __str__(self) -> str:
        return f"{self.tree}/{self.inside}"


def list_tree(tree: Path) -> list[TreeFile]:
    """All files of a folder or zip archive, hidden ones left out, sorted by path.

    Raises FileNotFoundError where there is nothing, SettingsError for another kind of file or an archive with a member
    that points out of it.
    """
    if tree.is_dir():
        files = [_file(tree, name, name, 0) for name in _folder_names(tree)]
    elif is_archive(tree):
        files = list(_members(tree))
    elif tree.exists():
        raise SettingsError(f"{tree}: neither a folder nor a whole zip archive")
    else:
        raise FileNotFoundError(f"{tree}: not there; it has to be a folder or a zip archive")
    visible = [file for file in files if "/." not in f"/{file.inside}"]
    visible.sort(key=lambda file: file.inside.replace("/", "\0"))  # folder by folder
    return visible


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


def _folder_names(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder, followlinks=True):  # a subset is often a folder of links to class folders
        for path in (Path(parent) / name for name in names):
            if path.exists() and not path.is_file():  # a pipe would be waited for, for ever
                raise SettingsError(f"{path}: neither a file nor a folder; allowed are these")
            yield path.relative_to(folder).as_posix()


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
