"""Records: with every result a small file that says what it was made from, written last.

A record holds the whole job (defaults included), the code's identity, and digests of inputs and outputs. Snakemake
decides what has to run; records name what was altered, vouch for finished training, and are the report's provenance.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.jobs.layout import RECORD, Place
from pipeline.system.files import QUARANTINE, read_json, sha256, write_json, write_text

Record = dict[str, Any]
Files = Mapping[str, str]  # path below the result's folder -> SHA-256
FORMAT = 3  # of records: what is in them, and what it means
THINNED = "THINNED"  # in a folder of checkpoints: names of those that were deleted when nothing read them any more


class OtherVersionError(SettingsError):
    """A result of a version that this one does not know: not to be used, and not to be made anew in its place."""


def write_record(path: Path, record: Record) -> None:
    """Write a record with a digest of itself, so that it can vouch for others."""
    plain = json.loads(json.dumps({**record, "format": FORMAT}))  # as it will be read: keys of texts, lists for tuples
    write_json(path, {**plain, "sha256": _seal(plain)})


def read_record(path: Path) -> Record:
    """Return a record without its digest and format.

    Raises:
        SettingsError: names a file that is no record, or was altered; OtherVersionError: is of another version.
    """
    try:
        record = dict(read_json(path))
        whole = record.pop("sha256", None) == _seal(record) and {"settings", "code", "inputs"} <= record.keys()
    except (ValueError, TypeError, RecursionError):  # JSON that is cut off, other text, or no mapping
        record, whole = {}, False
    found = record.pop("format", None)
    if found is not None and found != FORMAT:
        raise OtherVersionError(
            f"{path}: a record of format {found}, this version knows {FORMAT}: "
            "use the version that made it, or another folder for results"
        )
    if not whole:
        raise SettingsError(f"{path}: not a whole record, or altered; delete it and make the result beside it again")
    return record


def record_of(place: Place) -> Record:
    """Return the record of a result; raises as `read_record`, and SettingsError for the record of another one."""
    record = read_record(place.record)
    owner = record.get("stage"), record.get("subject")
    if owner != (place.stage.name, place.subject):
        raise SettingsError(
            f"{place.record}: the record of {' '.join(map(str, owner))}; delete it and make the result again"
        )
    return record


def _seal(record: Record) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


# -- what a result was made from --------------------------------------------------------------------------------------


def differences(then: Record, now: Record, at_default: Collection[str] = ()) -> dict[str, list[str]]:
    """Return what a result was made from that is otherwise now: {settings, code, inputs: names}.

    Settings of today that the record does not know count only where they are not `at_default`.
    """
    found = {}
    for part in ("settings", "code", "inputs"):
        a, b = (dict(flat(side[part])) for side in (then, now))
        free = at_default if part == "settings" else ()
        names = sorted(key for key in {*a, *b} if a.get(key) != b.get(key) and not (key not in a and key in free))
        if part == "settings":
            names = [f"{key} was {a.get(key, 'missing')}, is {b.get(key, 'missing')}" for key in names]
        if names:
            found[part] = names
    return found


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted key, JSON) of every value of nested mappings and lists."""
    if isinstance(value, Mapping | list) and value:
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, json.dumps(value)


def format_differences(found: Mapping[str, list[str]], most: int = 4) -> str:
    return "; ".join(
        f"{label}: {', '.join(names[:most])}{f' and {len(names) - most} more' if len(names) > most else ''}"
        for label, names in found.items()
    )


# -- bytes ------------------------------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """SHA-256 of a file; raises FileNotFoundError."""
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size)


@cache
def _digest(path: Path, modified: int, size: int) -> str:
    """Once for every version of a file that a process meets."""
    return sha256(path)


def digests_within(folder: Path, outputs: Mapping[str, Path]) -> dict[str, Files]:
    """{kind: files} of finished outputs, with paths below `folder`."""
    return {
        kind: {file.relative_to(folder).as_posix(): sha256(file) for file in _files(path)}
        for kind, path in outputs.items()
    }


def _files(path: Path) -> list[Path]:
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [
        file for file in found if file.is_file() and file.suffix != QUARANTINE and file.name not in (RECORD, THINNED)
    ]


def digests_text(place: Place, outputs: Mapping[str, Files]) -> str:
    """The list beside a result's folder. It follows from the bytes alone: results that come out the same are the same
    to Snakemake."""
    files = sorted(item for kind in outputs.values() for item in kind.items())
    return "".join(f"{known}  {place.folder.name}/{name}\n" for name, known in files)


def write_digests(place: Place, outputs: Mapping[str, Files]) -> None:
    write_text(place.digests, digests_text(place, outputs))


@dataclass(frozen=True)
class IntegrityError:
    """A file of a result that is not as it was recorded."""

    path: Path
    exists: bool

    def __str__(self) -> str:
        return f"{self.path} {'was altered' if self.exists else 'is missing'}"


def integrity_errors(
    place: Place, record: Record, deep: bool, kind: str | None = None, unread: str | None = None
) -> list[IntegrityError]:
    """Files of a result, or of one kind of its outputs, that are missing or altered.

    Without `deep`, and of the suffix `unread`, the bytes in folders are not read.
    """
    found = []
    outputs = record["outputs"]
    for name in outputs if kind is None else [kind]:
        gone = thinned(place.outputs[name])
        light = not place.stage.is_folder(name)
        for relative, known in outputs.get(name, {}).items():
            path = place.folder / relative
            if not path.is_file():
                found += [] if path in gone else [IntegrityError(path, False)]
            elif (light or deep) and path.suffix != unread and digest(path) != known:
                found.append(IntegrityError(path, True))
    if kind is None and place.stage.folder and place.digests.is_file():
        text = place.digests.read_text(encoding="utf-8", errors="replace")
        found += [] if text == digests_text(place, outputs) else [IntegrityError(place.digests, True)]
    return found


def thinned(folder: Path) -> set[Path]:
    """Files of a folder that were deleted because nothing reads them any more."""
    file = folder / THINNED
    return {folder / name for name in file.read_text(encoding="utf-8").splitlines()} if file.is_file() else set()
