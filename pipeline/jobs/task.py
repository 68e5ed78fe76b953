"""A task: a stage, what it is called with, and the job that follows from the settings."""

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
        """Results whose records it reads as data."""
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
        """Paths as the stage's module takes them."""
        found: dict[str, list[Path]] = {kind: [] for kind in self.stage.reads(self.job)}
        for kind, place in self.reads:
            found[kind].append(place.outputs[kind])
        files = {name: [path] for name, path in self.files.items()}
        return {**found, **files, "records": [place.record for place in self.records]}

    @property
    def declared_inputs(self) -> list[Path]:
        """The files by which Snakemake sees that its inputs changed."""
        read = [place.declared_of(kind) for kind, place in self.reads]
        behind = [path for place in self.records for path in place.declared.values()]
        return list(dict.fromkeys([*read, *behind, *self.files.values()]))

    # -- what decides it ----------------------------------------------------------------------------------------------

    @cached_property
    def code(self) -> dict[str, str]:
        """What of the code counts: VERSION and custom files where the stage has one, else all that it imports."""
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
        """Differences to what a result was made from; with `inputs` raises FileNotFoundError for a missing one."""
        now = self.key() if inputs else {**self.decided_by, "inputs": record["inputs"]}
        return differences(record, now, self.at_default)

    def key(self) -> Record:
        """All that decides the result: settings, code and digests of inputs. Raises FileNotFoundError naming a missing
        input."""
        return {**self.decided_by, "inputs": self.input_digests()}

    def input_digests(self) -> dict[str, dict[str, str]]:
        inputs: dict[str, dict[str, str]] = {}
        for kind, place in self.reads:
            inputs.setdefault(kind, {})[place.subject] = _output_digests(place.record)[kind]
        for name, file in self.files.items():
            inputs[name] = {"": digest(file)}
        return inputs

    def watched(self) -> dict[str, str]:
        """The files that decide the numbers of a stage with a VERSION, as they are now."""
        return watched_identity(self.stage.watches)

    def told_to_snakemake(self, notes: str = "") -> str:
        """One text of settings and code, by whose changes Snakemake runs the job again. A setting that came into the
        project since the result was made, and is at its default, changes nothing."""
        settings = self.decided_by["settings"]
        record = self.recorded()
        if record and "settings" not in self.changes_since(record):
            settings = record["settings"]
        return " ".join(filter(None, (json.dumps(settings, sort_keys=True), code_digest(self.code), notes)))

    # -- what is there ------------------------------------------------------------------------------------------------

    def recorded(self) -> Record:
        """The result's record; the empty one where there is none, or none to be relied on."""
        try:
            return record_of(self.place) if self.place.record.is_file() else {}
        except SettingsError:
            return {}  # the stage itself says so

    @property
    def origin(self) -> str:
        """Digest of all that decides the result; raises as `key`."""
        return hashlib.sha256(json.dumps(self.key(), sort_keys=True).encode()).hexdigest()


def _output_digests(record: Path) -> dict[str, str]:
    """Digest of every kind of output of a result; raises FileNotFoundError."""
    status = record.stat()
    return _read_output_digests(record, status.st_mtime_ns, status.st_size)


@cache  # many runs have the same images
def _read_output_digests(record: Path, modified: int, size: int) -> dict[str, str]:
    return {kind: digest_of(files) for kind, files in read_record(record)["outputs"].items()}


def task(stage: str, subject: str, plan: Plan, layout: Layout) -> Task:
    return Task(STAGES[stage], subject, STAGES[stage].job(plan, subject), plan, layout)


def tasks(plan: Plan, layout: Layout) -> Iterator[Task]:
    """All of a plan, in the order of the stages."""
    for stage in STAGES.values():
        for subject in stage.subjects(plan):
            yield Task(stage, subject, stage.job(plan, subject), plan, layout)


def trained(tasks: Iterable[Task]) -> list[tuple[Task, Record]]:
    """Those of finished training, with their records."""
    return [(one, record) for one in tasks if one.stage.is_training and (record := one.recorded())]
