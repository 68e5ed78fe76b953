"""Files that are either whole or absent: written beside, brought to the disk, then renamed."""

import gzip
import hashlib
import json
import os
import socket
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ASIDE = ".set_aside"  # suffix of a file that is damaged, kept for whoever wants to look at it
SHARD = ".zip"  # suffix of an archive whose reader compares a checksum of each member: it need not be read beforehand
_HOST = socket.gethostname().replace(".", "-")
NOT_AVAILABLE = "NA"  # in a table: a number that does not exist; a status beside it says why


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary neighbour of `path`, then put it in place; a crash, of the machine too, leaves it
    as it was or as it is to be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{_HOST}.{os.getpid()}")
    try:
        write(temporary)
        synchronise(temporary)
        os.replace(temporary, path)
        synchronise(path.parent)
    except OSError as error:  # which does not say where, when a disk is full
        raise error if error.filename or not error.errno else OSError(error.errno, error.strerror, str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def synchronise(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk: otherwise a power cut may leave a name without
    its content. Takes milliseconds."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_leftovers(folder: Path, name: str = "") -> None:
    """Delete temporary neighbours that killed processes of this machine left: of a file of this name in a folder, or
    of all files below it. Those of living ones stay, and those of other machines, whose processes cannot be asked
    for."""
    for path in folder.glob(f".{name}.{_HOST}.*") if name else folder.rglob(f".*.{_HOST}.*"):
        process = path.suffix.removeprefix(".")
        if path.is_file() and process.isdecimal() and not _lives(int(process)):
            path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    return True


def set_aside(path: Path) -> Path:
    """Give a file that cannot be used another name beside its own, and return it: nobody reads it, and whoever wants to
    look at it can."""
    aside = path.with_name(f"{path.name}{ASIDE}")
    os.replace(path, aside)
    return aside


def write_bytes(path: Path, data: bytes) -> None:
    def write(temporary: Path) -> None:
        temporary.write_bytes(data)

    write_atomically(path, write)


def write_text(path: Path, text: str) -> None:
    """UTF-8; lines end as they are given."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Sorted keys and a final newline: equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Packed where the path ends so, without a date: equal tables give equal bytes."""
    text = table.to_csv(index=False, na_rep=NOT_AVAILABLE, float_format="%.9g", lineterminator="\n")
    if path.suffix == ".gz":
        write_bytes(path, gzip.compress(text.encode(), mtime=0))
    else:
        write_text(path, text)


def damaged_member(archive: Path) -> str | None:
    """Name of the first member of a zip archive that is not as its checksum says; raises as `zipfile` does."""
    with zipfile.ZipFile(archive) as opened:
        return opened.testzip()


def digest_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(files: Mapping[str, str]) -> str:
    """One digest of an output, given the SHA-256 of each of its files: a single file's own, else that of the list."""
    if len(files) == 1:
        return next(iter(files.values()))
    return hashlib.sha256("".join(f"{known}  {name}\n" for name, known in sorted(files.items())).encode()).hexdigest()
