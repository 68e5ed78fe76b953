"""Places of results: a folder for each below `results`, plain files below `reports`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.planning.stage import Stage

RECORD = "record.json"


@dataclass(frozen=True)
class Layout:
    """The folders of results and reports."""

    results: Path
    reports: Path

    def place(self, stage: Stage, subject: str) -> Place:
        return Place(stage, subject, self)

    def log(self, stage: str, name: str) -> Path:
        """Path of the log of a stage's job."""
        return Path(self.results, "logs", f"{'/'.join(filter(None, (stage, name)))}.log")


@dataclass(frozen=True)
class Place:
    """Place of a stage's result.

    Below `results` a result is a folder with its record. Snakemake deletes the files that a rule declares before it
    runs the rule again. The rule therefore declares a small list of digests next to the folder and nothing in it: what
    took hours stays until the new result is complete. Below `reports` the files themselves are declared.
    """

    stage: Stage
    subject: str
    layout: Layout

    @property
    def name(self) -> str:
        """Name of folders and files, and value of the rule's wildcard."""
        return short_name(self.subject)

    @property
    def folder(self) -> Path:
        top = self.layout
        return Path(top.results, self.stage.folder, self.name) if self.stage.folder else top.reports

    def within(self, folder: Path) -> dict[str, Path]:
        """Return {kind: path} of the outputs, below any folder."""
        return {kind: folder / pattern.format(subject=self.name) for kind, pattern in self.stage.writes.items()}

    @property
    def outputs(self) -> dict[str, Path]:
        return self.within(self.folder)

    @property
    def record(self) -> Path:
        if self.stage.folder:
            return self.folder / RECORD
        return Path(self.layout.reports, "records", f"{'/'.join(filter(None, (self.stage.name, self.name)))}.json")

    @property
    def digests(self) -> Path:
        """The list of digests next to a result's folder, in the format of `sha256sum`."""
        return self.folder.with_name(f"{self.folder.name}.sha256")

    @property
    def declared(self) -> dict[str, Path]:
        """Files that the stage's rule declares as outputs."""
        if self.stage.folder:
            return {"digests": self.digests}
        return {kind: path for kind, path in self.outputs.items() if not self.stage.is_folder(kind)}

    def declared_of(self, kind: str) -> Path:
        """The declared file that changes when a kind of output does."""
        return self.digests if self.stage.folder else self.outputs[kind]

    @property
    def unfinished(self) -> Path:
        """Folder of an unfinished result, on the same disk."""
        if self.stage.folder:
            return Path(self.layout.results, "unfinished", self.stage.folder, self.name)
        return Path(self.layout.reports, "unfinished", self.stage.name, self.name)


@cache  # a plan asks for the same names many times
def short_name(subject: str) -> str:
    """Return a name of a few words for folders: `digits/resnet10-10classes-seed0-1a2b3c4d` of a run.

    The digest distinguishes runs that differ in other settings. Names without settings stay as they are.
    """
    dataset, slash, text = subject.partition("/")
    if not slash:
        return subject
    values = dict(part.partition("=")[::2] for part in text.split(","))
    encoder = re.sub(r"[^\w.]+", "_", values.get("encoder", ""))[-24:]
    classes = f"{values['classes']}classes" if "classes" in values else ""
    seed = f"seed{values['seed']}" if "seed" in values else ""
    words = "-".join(filter(None, (encoder, classes, seed, hashlib.sha256(subject.encode()).hexdigest()[:8])))
    return f"{dataset}/{words}"
