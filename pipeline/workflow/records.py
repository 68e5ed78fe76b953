"""Records: beside every result, of every stage, a small file that says what it was made from.

A record holds the whole job (defaults included), the code's identity, and digests of inputs and outputs. It is written
last: where a record is, the whole result is. Later stages look at the results themselves and not at their records, so
that a result made again with the same content makes nothing after it run again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pipeline.files import ASIDE, read_json, sha256, write_json, write_text
from pipeline.settings.base import Settings, SettingsError
from pipeline.workflow.code import code_identity
from pipeline.workflow.layout import SUMS, THINNED, Layout, handle
from pipeline.workflow.plan import Plan
from pipeline.workflow.stage import Stage
from pipeline.workflow.stages import STAGES, stage_of

Record = dict[str, Any]
FORMAT = 2  # of records: what is in them, and what it means


@dataclass(frozen=True)
class Task:
    """A stage, what it is called with, and the job that follows from the settings."""

    stage: Stage
    subject: str
    job: Settings
    plan: Plan
    layout: Layout

    @property
    def command(self) -> str:
        return self.plan.command(*filter(None, (self.stage.name, self.subject)))

    @property
    def record(self) -> Path:
        return self.layout.record(self.stage.name, self.subject)

    @property
    def outputs(self) -> dict[str, Path]:
        return self.layout.outputs(self.stage.writes, self.subject)

    @cached_property
    def reads(self) -> list[tuple[str, str, Path]]:
        """(kind, subject, path) of every result of other stages that it reads."""
        found = []
        for kind, subjects in self.stage.reads(self.job).items():
            pattern = stage_of(kind).writes[kind]
            found += [(kind, subject, self.layout.path(pattern, subject)) for subject in subjects]
        return found

    @property
    def records(self) -> list[Path]:
        """That it reads as data."""
        return [self.layout.record(*one) for one in self.stage.records(self.plan)] if self.stage.records else []

    @property
    def inputs(self) -> dict[str, list[Path]]:
        """As its module takes them."""
        found: dict[str, list[Path]] = {kind: [] for kind in self.stage.reads(self.job)}
        for kind, _, path in self.reads:
            found[kind].append(path)
        return {**found, **{name: [Path(path)] for name, path in self.stage.files.items()}, "records": self.records}

    @property
    def input_handles(self) -> list[Path]:
        """The files whose content decides: folders are stood for by their digests."""
        asked = self.stage.reads(self.job).items()
        patterns = {kind: handle(stage_of(kind).writes[kind]) for kind, _ in asked}
        results = [self.layout.path(patterns[kind], subject) for kind, subjects in asked for subject in subjects]
        return list(dict.fromkeys([*results, *map(Path, self.stage.files.values()), *self.records]))

    @property
    def output_handles(self) -> dict[str, Path]:
        patterns = {kind: handle(pattern) for kind, pattern in self.stage.writes.items()}
        return self.layout.outputs(patterns, self.subject)

    @cached_property
    def code(self) -> dict[str, str]:
        return code_identity([f"pipeline.stages.{self.stage.name}", *self.stage.modules(self.job)])

    def but_for_inputs(self, record: Record) -> Record:
        """What decides the result now, but for inputs, which are taken to be the record's."""
        return {"job": self.job.model_dump(mode="json"), "code": self.code, "inputs": record["inputs"]}

    @cached_property
    def made(self) -> dict[str, str]:
        """Digests of its results by kind, where these settings and this code made them; of what is still to be made
        none."""
        try:
            record = recorded(self) if self.record.is_file() else None
        except SettingsError:
            return {}  # its own stage says so
        return dict(record["outputs"]) if record and not differences(record, self.but_for_inputs(record)) else {}

    def begun_from(self) -> Record:
        """What decides the result: job, code and digests of inputs. Raises FileNotFoundError naming a missing input."""
        return self.but_for_inputs({"inputs": self.input_digests()})

    def input_digests(self) -> dict[str, dict[str, str]]:
        """Of every kind and subject that it reads. Raises FileNotFoundError naming a missing one."""
        inputs: dict[str, dict[str, str]] = {}
        for kind, subjects in self.stage.reads(self.job).items():
            pattern = handle(stage_of(kind).writes[kind])
            for subject in subjects:
                inputs.setdefault(kind, {})[subject] = digest(self.layout.path(pattern, subject))
        for name, file in self.stage.files.items():
            inputs[name] = {"": digest(Path(file))}
        if self.records:
            inputs["records"] = {str(path.relative_to(self.layout.results)): digest(path) for path in self.records}
        return inputs


def recorded(one: Task) -> Record:
    """What was recorded of a task; raises as `read_record`, and for a record of another one."""
    record = read_record(one.record)
    of = record.get("stage"), record.get("subject")
    if of != (one.stage.name, one.subject):
        raise SettingsError(
            f"{one.record}: the record of {' '.join(map(str, of))}; delete it and make the result again"
        )
    return record


def task(stage: str, subject: str, plan: Plan, layout: Layout) -> Task:
    return Task(STAGES[stage], subject, STAGES[stage].job(plan, subject), plan, layout)


def tasks(plan: Plan, layout: Layout) -> Iterator[Task]:
    """All of a plan, in the order of the stages."""
    for stage in STAGES.values():
        for subject in stage.subjects(plan):
            yield Task(stage, subject, stage.job(plan, subject), plan, layout)


def digest(path: Path) -> str:
    """SHA-256 of a file; raises FileNotFoundError."""
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size)


@cache
def _digest(path: Path, modified: int, size: int) -> str:
    """Once for every version of a file that a process meets."""
    return sha256(path)


def write_sums(folder: Path) -> None:
    """The digests of all files of a folder, as `sha256sum --check SHA256SUMS` reads them."""
    named = (path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    files = sorted(path for path in named if path.suffix != ASIDE)
    write_text(folder / SUMS, "".join(f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files))


def read_sums(folder: Path) -> dict[Path, str]:
    """Digest of every file that a folder had when its result was finished."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {folder / name: known for known, name in (line.split("  ", 1) for line in lines)}


def damaged(folder: Path, deep: bool = True, unread: str | None = None) -> list[Path]:
    """Files of a folder that its digests do not know as they are; without `deep`, and of the suffix `unread`, only
    those that are not there."""
    gone = thinned(folder)
    return [
        path
        for path, known in read_sums(folder).items()
        if (path not in gone if not path.is_file() else deep and path.suffix != unread and digest(path) != known)
    ]


def thinned(folder: Path) -> set[Path]:
    """Files that were deleted because nothing reads them any more."""
    file = folder / THINNED
    return {folder / name for name in file.read_text(encoding="utf-8").splitlines()} if file.is_file() else set()


def left_out(folder: Path) -> bool:
    """Whether only the digests of a folder are here: results may be handed on without their bulk. Of a folder without
    files nothing can lack."""
    files = read_sums(folder) if (folder / SUMS).is_file() else {}
    return bool(files) and not any(path.is_file() for path in files)


class OtherVersionError(SettingsError):
    """A result of a version that this one does not know: not to be used, and not to be made anew in its place."""


def write_record(path: Path, record: Record) -> None:
    """With a digest of itself, so that it can vouch for others."""
    plain = json.loads(json.dumps({**record, "format": FORMAT}))  # as it will be read: keys of texts, lists for tuples
    write_json(path, {**plain, "sha256": _seal(plain)})


def read_record(path: Path) -> Record:
    """Without its digest and format. Raises SettingsError that names a file which is no record, was altered, or is of a
    version that this one does not know."""
    try:
        record = dict(read_json(path))
        whole = record.pop("sha256", None) == _seal(record) and {"job", "code", "inputs"} <= record.keys()
    except (ValueError, TypeError, RecursionError):  # JSON that is cut off, other text, or no mapping
        whole = False
    if not whole:
        raise SettingsError(f"{path}: not a whole record, or altered; delete it and make the result beside it again")
    found = record.pop("format", None)
    if found != FORMAT:
        raise OtherVersionError(
            f"{path}: a record of format {found}, this version knows {FORMAT}: "
            "use the version that made it, or another folder for results"
        )
    return record


def _seal(record: Record) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def differences(then: Record, now: Record, grown: bool = False) -> dict[str, list[str]]:
    """What a result was made from that is otherwise now: {settings, code, inputs: names}.

    With `grown` a run may be asked for other objectives, of other modules, and for other checkpoints than it was.
    """
    free = ("objectives", "checkpoints") if grown else ()
    found = {}
    for part, label in (("job", "settings"), ("code", "code"), ("inputs", "inputs")):
        a, b = (dict(_flat(side[part])) for side in (then, now))
        keys = {*a} & {*b} if grown and part == "code" else {*a, *b}
        names = sorted(key for key in keys if a.get(key) != b.get(key) and key.split(".")[0] not in free)
        if part == "job":
            names = [f"{key} was {a.get(key, 'not there')}, is {b.get(key, 'not there')}" for key in names]
        if names:
            found[label] = names
    return found


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping | list) and value:
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, json.dumps(value)


def said(found: Mapping[str, list[str]], most: int = 4) -> str:
    """Differences as a phrase."""
    return "; ".join(
        f"{label}: {', '.join(names[:most])}{f' and {len(names) - most} more' if len(names) > most else ''}"
        for label, names in found.items()
    )


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file of a result."""

    path: Path
    there: bool

    def __str__(self) -> str:
        return f"{self.path} {'was altered' if self.there else 'is not there'}"


def faults(
    one: Task,
    record: Record,
    deep: bool,
    kind: str | None = None,
    bulk_may_lack: bool = False,
    unread: str | None = None,
) -> list[Fault]:
    """Of a result, or of one kind that it wrote: what is not there, or not as it was recorded. Where it is said so, all
    files of a folder may lack together; its digests may not. `deep` and `unread`: see `damaged`."""
    found = []
    handles = one.output_handles if kind is None else {kind: one.output_handles[kind]}
    for name, path in handles.items():
        if not path.is_file() or digest(path) != record["outputs"].get(name):
            found.append(Fault(path, path.is_file()))
        elif path.name == SUMS and not (bulk_may_lack and left_out(path.parent)):
            found += [Fault(file, file.is_file()) for file in damaged(path.parent, deep, unread)]
    return found
