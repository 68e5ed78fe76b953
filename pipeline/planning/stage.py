"""The type of a stage: one value has all that the command line, the rules and the records need."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pipeline.config.base import Settings
from pipeline.config.references import PROJECT, literals
from pipeline.planning.plan import Plan

Subject = Literal["dataset", "subset", "run", "setting", "figure", "experiment", ""]

GLOBAL = ("",)  # the subjects of a stage that has one result for the whole plan
FOR_READERS = ("", "figure", "experiment")  # subjects of stages whose results people read


def _reads_nothing(job: Any) -> Mapping[str, Sequence[str]]:
    return {}


def _global(plan: Plan) -> Sequence[str]:
    return GLOBAL


def _no_modules(job: Any) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Stage:
    """A command that makes results. Its file `pipeline/stages/<name>.py` has this value as STAGE, and `run`.

    `run(job, inputs, outputs)` gets for every kind read its paths, in the order of their subjects, for every file its
    path, and for every kind written where to write it. With `uses_device` it gets a device as well, with `records` a
    list of notes. What it returns is kept in the record as `found`.

    A file with a constant VERSION takes hours, or reads what took hours: of its code that number alone decides whether
    a result is current. It is raised when the stage's numbers change.

    Attributes:
        name: of the file, the command and the rule.
        job: all that decides a result besides files, for a subject; raises SettingsError.
        writes: kind -> path in the result's folder or below `reports`; a folder's path ends in `/`.
        folder: of the results, below the folder of results; empty: they are files below `reports`.
        reads: job -> kind -> subjects of the results of other stages that are read.
        subject: what the command is called with; empty: nothing, there is one result for the whole plan.
        subjects: all subjects of a plan.
        files: name -> path of files of the project that are read as data.
        records: records that are read: those of the job's `runs`, or those of `all` results that people read.
        modules: modules that are imported by name when the job runs, or files of custom code.
        facts: files whose code counts although the stage has a VERSION.
        watches: files and folders that decide the numbers of a stage with a VERSION.
        uses_device: computes with torch on a device.
        is_resumable: continues where it was interrupted.
        is_training: takes hours; a finished result is not computed again.
        in_report: (kind, category) in Snakemake's own report.
    """

    name: str
    job: Callable[[Plan, str], Settings]
    writes: Mapping[str, str]
    folder: str = ""
    reads: Callable[[Any], Mapping[str, Sequence[str]]] = _reads_nothing
    subject: Subject = ""
    subjects: Callable[[Plan], Sequence[str]] = _global
    files: Mapping[str, str] = field(default_factory=dict)
    records: Literal["", "runs", "all"] = ""
    modules: Callable[[Any], Sequence[str]] = _no_modules
    facts: Callable[[Any], Sequence[str]] = _no_modules
    watches: Sequence[str] = ()
    uses_device: bool = False
    is_resumable: bool = False
    is_training: bool = False
    in_report: tuple[str, str] | None = None

    def is_folder(self, kind: str) -> bool:
        return self.writes[kind].endswith("/")

    @property
    def run(self) -> Callable[..., Any]:
        """The function that computes a result; imports torch when it is called."""
        function: Callable[..., Any] = importlib.import_module(f"pipeline.stages.{self.name}").run
        return function

    @property
    def source(self) -> Path:
        return PROJECT / "pipeline" / "stages" / f"{self.name}.py"

    @cached_property
    def version(self) -> int | None:
        """The file's VERSION; None: its code counts as it is."""
        version: int | None = literals(self.source).get("VERSION")
        return version

    @property
    def help(self) -> str:
        """First line of the file's docstring."""
        return (ast.get_docstring(ast.parse(self.source.read_text(encoding="utf-8"))) or "").partition("\n")[0]
