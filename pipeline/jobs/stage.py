"""What a stage is: one value says all that the command line, the rules and the records know of it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pipeline.config.base import Settings
from pipeline.config.references import PROJECT, literals
from pipeline.jobs.plan import Plan

Subject = Literal["dataset", "subset", "run", "setting", "figure", "experiment", ""]

# what the short name of a subject may be as a wildcard of a rule
SUBJECT_PATTERNS: Mapping[Subject, str] = {
    "dataset": "[^/]+",
    "subset": "[^/]+/[^/]+",
    "run": "[^/]+/[^/]+",
    "setting": "[^/]+/[^/]+",
    "figure": "[^/.]+",
    "experiment": "[^/.]+",
}


def _nothing(job: Any) -> Mapping[str, Sequence[str]]:
    return {}


def _whole_plan(plan: Plan) -> Sequence[str]:
    return ("",)


def _no_modules(job: Any) -> Sequence[str]:
    return ()


def _no_records(plan: Plan, job: Any) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True)
class Stage:
    """A command that makes results; its module `pipeline.stages.<name>` has `run(job, inputs, outputs)`, or
    `run(job, inputs, outputs, device)` where it computes with torch.

    `inputs` has for every kind read the paths, in the order of their subjects, and for every file its path; `outputs`
    has the path of every kind written. What `run` returns stands in the record as `found`.

    A module with a constant VERSION takes hours, or reads what took hours: of its code that number alone decides
    whether a result is current. It is raised when the stage's numbers change.
    """

    name: str
    job: Callable[[Plan, str], Settings]  # all that decides the result beside files, of a subject; raises SettingsError
    writes: Mapping[str, str]  # kind -> its path in the result's folder or below `reports`; a folder's ends in /
    folder: str = ""  # of such results, below the folder of results; the empty text: they lie below `reports`
    reads: Callable[[Any], Mapping[str, Sequence[str]]] = _nothing  # job -> kind -> subjects
    subject: Subject = ""  # what it is called with; the empty text: the whole plan
    subjects: Callable[[Plan], Sequence[str]] = _whole_plan  # all that a plan has; none where it needs no such result
    files: Mapping[str, str] = field(default_factory=dict)  # of the project, read as data: name -> path
    records: Callable[[Plan, Any], Sequence[tuple[str, str]]] = _no_records  # (stage, subject) whose records it reads
    modules: Callable[[Any], Sequence[str]] = _no_modules  # found by name when it runs
    facts: Callable[[Any], Sequence[str]] = _no_modules  # files whose code counts though the stage has a VERSION
    watches: Sequence[str] = ()  # folders and files of the project that decide its numbers, where VERSION counts
    computes: bool = False  # with torch, on a device
    resumes: bool = False  # goes on where it was interrupted
    lasts: bool = False  # hours of training: a finished result is never computed twice
    notes: bool = False  # a table that says what is to be known of the runs behind it
    shown: tuple[str, str] | None = None  # (kind, category) in Snakemake's own report

    def is_folder(self, kind: str) -> bool:
        return self.writes[kind].endswith("/")

    @property
    def source(self) -> Path:
        return PROJECT / "pipeline" / "stages" / f"{self.name}.py"

    @cached_property
    def version(self) -> int | None:
        """The module's VERSION, read without importing it, as torch takes seconds; None: its code counts as it is."""
        version: int | None = literals(self.source).get("VERSION")
        return version

    @property
    def help(self) -> str:
        """What its module says of itself first."""
        return (ast.get_docstring(ast.parse(self.source.read_text(encoding="utf-8"))) or "").partition("\n")[0]
