"""The list of runs beside their folders: a row a run, with its folder's short name, its whole name and its settings."""

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
        new = {one.place.name: _row(one) for one in tasks if one.place.name not in rows}
        if new:
            write_text(file, _as_csv([*rows.values(), *new.values()]))


def _row(one: Task) -> dict[str, str]:
    run = one.decided_by["settings"]["run"]
    settings = {name: "+".join(value) if isinstance(value, list) else str(value) for name, value in run.items()}
    return {"folder": one.place.name, "run": one.subject, **settings}


def _as_csv(rows: list[dict[str, str]]) -> str:
    columns = list(dict.fromkeys((*COLUMNS, *(name for row in rows for name in row))))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["folder"]))
    return text.getvalue()
