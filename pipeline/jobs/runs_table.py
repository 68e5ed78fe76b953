"""The list of runs: the short name of each folder, with the run's whole name and settings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from filelock import FileLock

from pipeline.planning.layout import Layout
from pipeline.system.files import write_text

if TYPE_CHECKING:
    from pipeline.jobs.task import Task

COLUMNS = ("folder", "run")


def list_runs(layout: Layout, tasks: Iterable[Task]) -> None:
    """Add runs to `runs.csv`. Rows of other settings files, which share the folder of results, stay."""
    file = layout.results / "runs.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(".runs.lock")):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        rows = {row["folder"]: row for row in csv.DictReader(io.StringIO(text))}
        new = {task.place.name: _row(task) for task in tasks if task.place.name not in rows}
        if new:
            write_text(file, _as_csv([*rows.values(), *new.values()]))


def _row(task: Task) -> dict[str, str]:
    run = task.decided_by["settings"]["run"]
    settings = {name: "+".join(value) if isinstance(value, list) else str(value) for name, value in run.items()}
    return {"folder": task.place.name, "run": task.subject, **settings}


def _as_csv(rows: list[dict[str, str]]) -> str:
    columns = list(dict.fromkeys((*COLUMNS, *(name for row in rows for name in row))))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["folder"]))
    return text.getvalue()
