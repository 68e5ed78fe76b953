"""What a stage is: one value says all that the command line, the rules, the records and DVC know of it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.references import PROJECT
from pipeline.settings.base import Settings
from pipeline.workflow.plan import Plan

Subject = Literal["dataset", "subset", "run", "setting", "figure", "experiment", ""]

# what a subject may be as a wildcard of a rule
SUBJECT_PATTERNS: Mapping[Subject, str] = {
    "dataset": "[^/]+",
    "subset": "[^/]+/classes=[^/]+",
    "run": "[^/]+/[^/]+(?:,/[^/]+)*",  # folded, see Layout
    "setting": "[^/]+/[^/]+(?:,/[^/]+)*",
    "figure": "[^/.]+",
    "experiment": "[^/.]+",
}


def _nothing(job: Any) -> Mapping[str, Sequence[str]]:
    return {}


def _whole_plan(plan: Plan) -> Sequence[str]:
    return ("",)


def _no_modules(job: Any) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Stage:
    """A command that makes results; its module `pipeline.stages.<name>` has `run(job, inputs, outputs)`, or
    `run(job, inputs, outputs, device)` where it computes with torch.

    `inputs` has for every kind read the paths, in the order of their subjects, and for every file its path; `outputs`
    has the path of every kind written. What `run` returns stands in the record as `found`.
    """

    name: str
    job: Callable[[Plan, str], Settings]  # all that decides the result beside files, of a subject; raises SettingsError
    writes: Mapping[str, str]  # kind -> pattern of its path, see Layout
    reads: Callable[[Any], Mapping[str, Sequence[str]]] = _nothing  # job -> kind -> subjects
    subject: Subject = ""  # what it is called with; the empty text: the whole plan
    subjects: Callable[[Plan], Sequence[str]] = _whole_plan  # all that a plan has; none where it needs no such result
    files: Mapping[str, str] = field(default_factory=dict)  # of the project, read as data: name -> path
    records: Callable[[Plan], Sequence[tuple[str, str]]] | None = None  # (stage, subject) whose records it reads
    modules: Callable[[Any], Sequence[str]] = _no_modules  # found by name when it runs
    rooms: Sequence[str] = ()  # folders that these lie in
    computes: bool = False  # with torch, on a device
    resumes: bool = False  # hours of work: goes on where it stopped, and is never begun anew for changed code
    shown: tuple[str, str] | None = None  # (kind, category) in Snakemake's own report

    @property
    def help(self) -> str:
        """What its module says of itself first."""
        text = (PROJECT / "pipeline" / "stages" / f"{self.name}.py").read_text(encoding="utf-8")
        return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
