"""Notices on finished runs: that they will train again, that their code was edited, that a table mixes versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.jobs.records import Record, read_record
from pipeline.jobs.task import Task, task_of, trained

MAX_CHANGES = 6  # that are named
PACKAGES = ("torch", "numpy")  # whose versions decide last bits, which training carries far


def retraining_notice(tasks: Iterable[Task]) -> str:
    """Return a sentence on finished runs that will train again, why, and the cost. Empty: there are none."""
    changes: dict[str, None] = {}
    again = []
    for task, record in trained(tasks):
        if changed := task.changes_since(record, inputs=all(place.record.is_file() for _, place in task.reads)):
            changes.update(dict.fromkeys(_named_changes(record, task, changed)))
            again.append(task)
    if not again:
        return ""
    named = ", ".join([*list(changes)[:MAX_CHANGES], *(["..."] if len(changes) > MAX_CHANGES else [])])
    runs = "1 finished run trains" if len(again) == 1 else f"{len(again)} finished runs train"
    return (
        f"{runs} again from the start ({named}): {_cost(again)}. What is there stays until then. To keep it, undo the "
        "change, or add an experiment with other seeds"
    )


def _named_changes(record: Record, task: Task, changes: dict[str, list[str]]) -> list[str]:
    """Objectives and kept epochs that were added or removed, and other changes."""
    named = []
    settings = changes.get("settings", [])
    for key, label in (("objectives", ""), ("checkpoints", "epoch ")):
        before, after = (
            [str(item["name"] if isinstance(item, dict) else item) for item in job[key]]
            for job in (record["settings"], task.decided_by["settings"])
        )
        named += [f"with {label}{name}" for name in after if name not in before]
        named += [f"without {label}{name}" for name in before if name not in after]
    if not named:
        named += [text for text in settings if text.split(".")[0] not in ("objectives", "checkpoints")]
    return named + [f"{name} changed" for part in ("code", "inputs") for name in changes.get(part, [])]


def _cost(again: Sequence[Task]) -> str:
    """Twins and hours, by the assumed rate of this machine; operations of custom encoders are not counted."""
    from pipeline.jobs.cost import rate_here, run_cost  # noqa: PLC0415  (torch takes seconds, and is rarely needed)

    twins = sum(len(task.decided_by["settings"]["objectives"]) for task in again)
    jobs: list[Any] = [task.job for task in again]
    counted = [(task, job.run) for task, job in zip(again, jobs, strict=True) if ":" not in job.run.encoder]
    try:
        hours = sum(run_cost(task.plan, task.layout, run).operations for task, run in counted) / rate_here() / 3600
    except (SettingsError, OSError):  # images that are not counted, as they are not there
        return f"{twins} twins"
    if len(counted) < len(again):
        return f"{twins} twins"
    return f"{twins} twins, about {hours:.1f} hours" if hours >= 1 else f"{twins} twins, about {hours * 60:.1f} minutes"


def edited_code_notice(tasks: Iterable[Task]) -> str:
    """Return a sentence on results whose code was edited under the VERSION that they were made with. Empty: none."""
    files: dict[str, None] = {}
    stages: Counter[str] = Counter()
    for task in tasks:
        if task.stage.version is None or not (record := task.recorded()) or task.changes_since(record):
            continue
        if edited := _edited(record, task.watched()):
            files.update(dict.fromkeys(edited))
            stages[task.stage.name] += 1
    return _edited_text(list(files), stages) if files else ""


def _edited(record: Record, now: dict[str, str]) -> list[str]:
    """Files that changed; a new file counts through the file that imports it."""
    return sorted(name for name, digest in record["watched"].items() if now.get(name) != digest)


def _edited_text(files: list[str], stages: Counter[str]) -> str:
    counts = ", ".join(f"{count} of {name}" for name, count in stages.items())
    several = "were" if len(files) > 1 else "was"
    where = " and ".join(f"pipeline/stages/{name}.py" for name in stages)
    return (
        f"{', '.join(files)} {several} edited since finished results were made with the present VERSION ({counts}), "
        f"which count as current: raise VERSION in {where} to make them again"
    )


def notes_of(task: Task) -> list[str]:
    """Return the notes under a table: code edited since, and versions and processors that differ between its runs."""
    mixture = mixture_note([read_record(place.record) for place in task.records if place.stage.is_training])
    return list(filter(None, (code_note(task), mixture)))


def code_note(task: Task) -> str:
    """Return the sentence of `edited_code_notice` for the runs of a table and their measures."""
    runs = [place.subject for place in task.records if place.stage.is_training]
    return edited_code_notice(
        task_of(name, run, task.plan, task.layout) for run in runs for name in ("twins", "measure")
    )


def mixture_note(records: Sequence[Record]) -> str:
    """Return a sentence on packages and processors where those of a table's runs differ. Empty: they agree."""
    counts_by_name: dict[str, Counter[str]] = {}
    for record in records:
        made = record["made"]
        where = {name: made["packages"][name] for name in PACKAGES}
        where |= {"Python": made["python"], "processor": made["machine"]["processor"]}
        where["accelerator"] = made["machine"]["accelerator"]
        for name, value in where.items():
            counts_by_name.setdefault(name, Counter())[str(value)] += 1
    mixed = [
        f"{name} {', '.join(f'{value} ({count})' for value, count in counts.items())}"
        for name, counts in counts_by_name.items()
        if len(counts) > 1
    ]
    return f"The runs of this table were made by different {'; '.join(mixed)} (number of runs)." if mixed else ""
