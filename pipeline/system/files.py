"""Write files that are either whole or absent: under a temporary name, flushed to the disk, then renamed."""

import gzip
import hashlib
import json
import os
import socket
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Inputs = Mapping[str, Sequence[Path]]  # of a stage: kind, or name of a file -> paths
Outputs = Mapping[str, Path]  # of a stage: kind -> path
QUARANTINE = ".set_aside"  # suffix of a damaged file, for the user to inspect
SHARD = (
    ".zip"  # suffix of an archive whose reader compares the checksum of each member, so that no other check is needed
)
_HOST = socket.gethostname().replace(".", "-")
NOT_AVAILABLE = "NA"  # in a table: a number that does not exist; the status column says why


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file next to `path`, then rename it.

    After a crash, of the machine too, `path` has either its old or its new content.

    Args:
        path: the file; its folder is created.
        write: function that fills the file at the path that it is given.

    Raises:
        OSError: as `write` does, with the name of the file.
    """
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
    """Flush a file's content, or a folder's names, to the disk (milliseconds).

    Without it a power cut may leave a name without its content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_leftovers(folder: Path, name: str = "") -> None:
    """Delete temporary files of killed processes of this machine.

    Those of living processes stay, and those of other machines, whose processes cannot be looked up.

    Args:
        folder: where the file is.
        name: of the file; empty: all files below the folder.
    """
    for path in folder.glob(f".{name}.{_HOST}.*") if name else folder.rglob(f".*.{_HOST}.*"):
        process = path.suffix.removeprefix(".")
        if path.is_file() and process.isdecimal() and not _is_alive(int(process)):
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    """Return True if a process of this machine has the number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    return True


def quarantine(path: Path) -> Path:
    """Rename an unusable file so that nothing reads it, and return its new path."""
    renamed = path.with_name(f"{path.name}{QUARANTINE}")
    os.replace(path, renamed)
    return renamed


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file's bytes, whole or not at all."""

    def write(temporary: Path) -> None:
        temporary.write_bytes(data)

    write_atomically(path, write)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; line ends are not changed."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read the value of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Write a table, compressed (without a date) if the path ends in .gz, so that equal tables give equal bytes."""
    text = table.to_csv(index=False, na_rep=NOT_AVAILABLE, float_format="%.9g", lineterminator="\n")
    if path.suffix == ".gz":
        write_bytes(path, gzip.compress(text.encode(), mtime=0))
    else:
        write_text(path, text)


def damaged_member(archive: Path) -> str | None:
    """Return the first member of a zip archive that does not match its checksum. Raises as `zipfile` does."""
    with zipfile.ZipFile(archive) as opened:
        return opened.testzip()


def digest_of_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(files: Mapping[str, str]) -> str:
    """One digest of an output from {file: SHA-256}: that of a single file, else that of the list."""
    if len(files) == 1:
        return next(iter(files.values()))
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in sorted(files.items())).encode()).hexdigest()
