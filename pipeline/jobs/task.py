"""A task: a stage with its subject, and the job that follows from the settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pipeline.config.base import Settings, SettingsError
from pipeline.config.references import project_file
from pipeline.jobs.chain import STAGES, stage_of
from pipeline.jobs.code import code_digest, code_identity, watched_identity
from pipeline.jobs.records import Record, differences, digest, flat, read_record, record_of
from pipeline.planning.layout import Layout, Place
from pipeline.planning.plan import Plan
from pipeline.planning.stage import FOR_READERS, Stage
from pipeline.system.files import digest_of


@dataclass(frozen=True)
class Task:
    stage: Stage
    subject: str
    job: Settings
    plan: Plan
    layout: Layout

    @cached_property
    def place(self) -> Place:
        return self.layout.place(self.stage, self.subject)

    @property
    def command(self) -> str:
        return self.plan.command(*filter(None, (self.stage.name, self.subject)))

    # -- files --------------------------------------------------------------------------------------------------------

    @cached_property
    def reads(self) -> list[tuple[str, Place]]:
        """(kind, place) of every result of other stages that it reads."""
        return [
            (kind, self.layout.place(stage_of(kind), subject))
            for kind, subjects in self.stage.reads(self.job).items()
            for subject in subjects
        ]

    @property
    def records(self) -> list[Place]:
        """Places of results whose records it reads as data."""
        if self.stage.records == "runs":
            job: Any = self.job
            return [self.layout.place(STAGES["twins"], run.name) for run in job.runs]
        if self.stage.records == "all":
            return [
                self.layout.place(stage, subject)
                for stage in STAGES.values()
                if stage.name in ("prepare", "twins") or (stage.subject in FOR_READERS and stage is not self.stage)
                for subject in stage.subjects(self.plan)
            ]
        return []

    @property
    def files(self) -> dict[str, Path]:
        """Files of the project that it reads as data."""
        return {name: project_file(path) for name, path in self.stage.files.items()}

    @property
    def inputs(self) -> dict[str, list[Path]]:
        """Paths as the stage's `run` takes them."""
        paths: dict[str, list[Path]] = {kind: [] for kind in self.stage.reads(self.job)}
        for kind, place in self.reads:
            paths[kind].append(place.outputs[kind])
        files = {name: [path] for name, path in self.files.items()}
        return {**paths, **files, "records": [place.record for place in self.records]}

    @property
    def declared_inputs(self) -> list[Path]:
        """The files by which Snakemake sees that its inputs changed."""
        read = [place.declared_of(kind) for kind, place in self.reads]
        behind = [path for place in self.records for path in place.declared.values()]
        return list(dict.fromkeys([*read, *behind, *self.files.values()]))

    # -- what decides it ----------------------------------------------------------------------------------------------

    @cached_property
    def code(self) -> dict[str, str]:
        """Code that counts: VERSION and custom files where the stage has a VERSION, else all that it imports."""
        modules = self.stage.modules(self.job)
        if self.stage.version is None:
            return code_identity([f"pipeline.stages.{self.stage.name}", *modules])
        custom = code_identity([module for module in modules if module.endswith(".py")])
        facts = watched_identity(self.stage.facts(self.job))
        return {"VERSION": str(self.stage.version), **facts, **custom}

    @cached_property
    def decided_by(self) -> Record:
        """Settings and code that decide the result."""
        return {"settings": self.job.model_dump(mode="json"), "code": self.code}

    @cached_property
    def at_default(self) -> frozenset[str]:
        """Dotted keys of settings that are at their default."""
        changed = {key for key, _ in flat(self.job.model_dump(mode="json", exclude_defaults=True))}
        return frozenset(key for key, _ in flat(self.decided_by["settings"]) if key not in changed)

    def changes_since(self, record: Record, inputs: bool = False) -> dict[str, list[str]]:
        """Return the changes since a result was made. With `inputs` raises FileNotFoundError for a missing one."""
        now = self.key() if inputs else {**self.decided_by, "inputs": record["inputs"]}
        return differences(record, now, self.at_default)

    def key(self) -> Record:
        """Return all that decides the result: settings, code and digests of inputs. Raises FileNotFoundError."""
        return {**self.decided_by, "inputs": self.input_digests()}

    def input_digests(self) -> dict[str, dict[str, str]]:
        inputs: dict[str, dict[str, str]] = {}
        for kind, place in self.reads:
            inputs.setdefault(kind, {})[place.subject] = _output_digests(place.record)[kind]
        for name, file in self.files.items():
            inputs[name] = {"": digest(file)}
        return inputs

    def watched(self) -> dict[str, str]:
        """Return digests of the files that decide the numbers of a stage with a VERSION."""
        return watched_identity(self.stage.watches)

    def told_to_snakemake(self, notes: str = "") -> str:
        """Return settings and code as one text; Snakemake runs the job again when it changes.

        A setting that is newer than the result and at its default changes nothing.
        """
        settings = self.decided_by["settings"]
        record = self.recorded()
        if record and "settings" not in self.changes_since(record):
            settings = record["settings"]
        return " ".join(filter(None, (json.dumps(settings, sort_keys=True), code_digest(self.code), notes)))

    # -- what is there ------------------------------------------------------------------------------------------------

    def recorded(self) -> Record:
        """Return the result's record. Empty: there is none, or it is damaged."""
        try:
            return record_of(self.place) if self.place.record.is_file() else {}
        except SettingsError:
            return {}  # the stage itself says so

    @property
    def origin(self) -> str:
        """Digest of `key`; raises as `key`."""
        return hashlib.sha256(json.dumps(self.key(), sort_keys=True).encode()).hexdigest()


def _output_digests(record: Path) -> dict[str, str]:
    """Digest of every kind of output of a result. Raises FileNotFoundError."""
    status = record.stat()
    return _read_output_digests(record, status.st_mtime_ns, status.st_size)


@cache  # many runs have the same images
def _read_output_digests(record: Path, modified: int, size: int) -> dict[str, str]:
    return {kind: digest_of(files) for kind, files in read_record(record)["outputs"].items()}


def task_of(stage: str, subject: str, plan: Plan, layout: Layout) -> Task:
    return Task(STAGES[stage], subject, STAGES[stage].job(plan, subject), plan, layout)


def tasks_of(plan: Plan, layout: Layout) -> Iterator[Task]:
    """Yield all tasks of a plan, in the order of the stages."""
    for stage in STAGES.values():
        for subject in stage.subjects(plan):
            yield Task(stage, subject, stage.job(plan, subject), plan, layout)


def trained(tasks: Iterable[Task]) -> list[tuple[Task, Record]]:
    """Return the tasks of finished training, with their records."""
    return [(task, record) for task in tasks if task.stage.is_training and (record := task.recorded())]
