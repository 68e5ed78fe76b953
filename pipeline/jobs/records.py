"""Records: a small file with every result that has its settings, code and digests, written last.

A record has the whole job with its defaults, the code's identity, and digests of inputs and outputs. Snakemake decides
what has to run. Records show what was altered, prove that training is finished, and are the report's provenance.
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
from pipeline.planning.layout import RECORD, Place
from pipeline.system.files import QUARANTINE, read_json, sha256, write_json, write_text

Record = dict[str, Any]
Files = Mapping[str, str]  # path below the result's folder -> SHA-256
FORMAT = 3  # of records
THINNED = "THINNED"  # in a folder of checkpoints: names of those that were deleted after use


class OtherVersionError(SettingsError):
    """A result of an unknown version: it must not be used, nor replaced."""


def write_record(path: Path, record: Record) -> None:
    """Write a record with a digest of itself."""
    plain = json.loads(json.dumps({**record, "format": FORMAT}))  # as it will be read: keys of texts, lists for tuples
    write_json(path, {**plain, "sha256": _seal(plain)})


def read_record(path: Path) -> Record:
    """Return a record without its digest and format.

    Raises:
        SettingsError: the file is no record, or was altered.
        OtherVersionError: the record has another format.
    """
    try:
        record = dict(read_json(path))
        is_complete = record.pop("sha256", None) == _seal(record) and {"settings", "code", "inputs"} <= record.keys()
    except (ValueError, TypeError, RecursionError):  # JSON that is cut off, other text, or no mapping
        record, is_complete = {}, False
    version = record.pop("format", None)
    if version is not None and version != FORMAT:
        raise OtherVersionError(
            f"{path}: expected a record of format {FORMAT}, got {version}: "
            "use the version that made it, or another folder of results"
        )
    if not is_complete:
        raise SettingsError(f"{path}: not a complete record, or altered; delete it and make its result again")
    return record


def record_of(place: Place) -> Record:
    """Return the record of a result. Raises as `read_record`, and SettingsError for the record of another result."""
    record = read_record(place.record)
    owner = record.get("stage"), record.get("subject")
    if owner != (place.stage.name, place.subject):
        raise SettingsError(
            f"{place.record}: expected the record of {place.stage.name} {place.subject}, got that of "
            f"{' '.join(map(str, owner))}; delete it and make the result again"
        )
    return record


def _seal(record: Record) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


# -- what a result was made from --------------------------------------------------------------------------------------


def differences(then: Record, now: Record, at_default: Collection[str] = ()) -> dict[str, list[str]]:
    """Return what changed since a result was made: {"settings" | "code" | "inputs": names}.

    Settings that the record lacks count only where they are not `at_default`.
    """
    changes = {}
    for part in ("settings", "code", "inputs"):
        a, b = (dict(flat(side[part])) for side in (then, now))
        free = at_default if part == "settings" else ()
        names = sorted(key for key in {*a, *b} if a.get(key) != b.get(key) and not (key not in a and key in free))
        if part == "settings":
            names = [f"{key} was {a.get(key, 'missing')}, is {b.get(key, 'missing')}" for key in names]
        if names:
            changes[part] = names
    return changes


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted key, JSON) of every value of nested mappings and lists."""
    if isinstance(value, Mapping | list) and value:
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, json.dumps(value)


def format_differences(changes: Mapping[str, list[str]], most: int = 4) -> str:
    return "; ".join(
        f"{label}: {', '.join(names[:most])}{f' and {len(names) - most} more' if len(names) > most else ''}"
        for label, names in changes.items()
    )


# -- bytes ------------------------------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """Return the SHA-256 of a file. Raises FileNotFoundError."""
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size)


@cache
def _digest(path: Path, modified: int, size: int) -> str:
    """Read once for each version of a file."""
    return sha256(path)


def digests_within(folder: Path, outputs: Mapping[str, Path]) -> dict[str, Files]:
    """Return {kind: files} of finished outputs, with paths below `folder`."""
    return {
        kind: {file.relative_to(folder).as_posix(): sha256(file) for file in _files(path)}
        for kind, path in outputs.items()
    }


def _files(path: Path) -> list[Path]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [
        file for file in files if file.is_file() and file.suffix != QUARANTINE and file.name not in (RECORD, THINNED)
    ]


def digests_text(place: Place, outputs: Mapping[str, Files]) -> str:
    """Return the list next to a result's folder. It has only bytes' digests: equal results are equal to Snakemake."""
    files = sorted(item for kind in outputs.values() for item in kind.items())
    return "".join(f"{sha}  {place.folder.name}/{name}\n" for name, sha in files)


def write_digests(place: Place, outputs: Mapping[str, Files]) -> None:
    write_text(place.digests, digests_text(place, outputs))


@dataclass(frozen=True)
class IntegrityError:
    """A file that is missing or does not match its record."""

    path: Path
    exists: bool

    def __str__(self) -> str:
        return f"{self.path} {'was altered' if self.exists else 'is missing'}"


def integrity_errors(
    place: Place, record: Record, deep: bool, kind: str | None = None, unread: str | None = None
) -> list[IntegrityError]:
    """Return the files of a result, or of one kind of its outputs, that are missing or altered.

    Bytes of files in folders are read only with `deep`, and never those with the suffix `unread`.
    """
    errors = []
    outputs = record["outputs"]
    for name in outputs if kind is None else [kind]:
        gone = thinned(place.outputs[name])
        light = not place.stage.is_folder(name)
        for relative, sha in outputs.get(name, {}).items():
            path = place.folder / relative
            if not path.is_file():
                errors += [] if path in gone else [IntegrityError(path, False)]
            elif (light or deep) and path.suffix != unread and digest(path) != sha:
                errors.append(IntegrityError(path, True))
    if kind is None and place.stage.folder and place.digests.is_file():
        text = place.digests.read_text(encoding="utf-8", errors="replace")
        errors += [] if text == digests_text(place, outputs) else [IntegrityError(place.digests, True)]
    return errors


def thinned(folder: Path) -> set[Path]:
    """Return the files of a folder that were deleted after use."""
    file = folder / THINNED
    return {folder / name for name in file.read_text(encoding="utf-8").splitlines()} if file.is_file() else set()
