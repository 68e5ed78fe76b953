"""What a person should know of finished runs before they train again, or where they meet in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.jobs.records import Record, read_record
from pipeline.jobs.task import Task, task, trained

MAX_CHANGES = 6  # that are named
PACKAGES = ("torch", "numpy")  # whose versions decide last bits, which training carries far


def retraining_notice(tasks: Iterable[Task]) -> str:
    """A sentence on finished runs that will train again, why, and what it costs; the empty text: there are none."""
    changes: dict[str, None] = {}
    again = []
    for one, record in trained(tasks):
        if found := one.changes_since(record, inputs=all(place.record.is_file() for _, place in one.reads)):
            changes.update(dict.fromkeys(_named_changes(record, one, found)))
            again.append(one)
    if not again:
        return ""
    named = ", ".join([*list(changes)[:MAX_CHANGES], *(["..."] if len(changes) > MAX_CHANGES else [])])
    runs = "1 finished run trains" if len(again) == 1 else f"{len(again)} finished runs train"
    return (
        f"{runs} again from the start ({named}): {_cost(again)}. What is there stays until then. To keep it, undo the "
        "change, or give it an experiment with seeds of its own"
    )


def _named_changes(record: Record, one: Task, found: dict[str, list[str]]) -> list[str]:
    """With or without which objectives and kept epochs, and what else is otherwise."""
    named = []
    settings = found.get("settings", [])
    for key, label in (("objectives", ""), ("checkpoints", "epoch ")):
        before, after = (
            [str(item["name"] if isinstance(item, dict) else item) for item in job[key]]
            for job in (record["settings"], one.decided_by["settings"])
        )
        named += [f"with {label}{name}" for name in after if name not in before]
        named += [f"without {label}{name}" for name in before if name not in after]
    if not named:
        named += [text for text in settings if text.split(".")[0] not in ("objectives", "checkpoints")]
    return named + [f"{name} changed" for part in ("code", "inputs") for name in found.get(part, [])]


def _cost(again: Sequence[Task]) -> str:
    """Twins and hours, by the assumed rate of this machine; a custom encoder's operations are not counted."""
    from pipeline.jobs.cost import rate_here, run_cost  # noqa: PLC0415  (torch takes seconds, and is rarely needed)

    twins = sum(len(one.decided_by["settings"]["objectives"]) for one in again)
    jobs: list[Any] = [one.job for one in again]
    counted = [(one, job.run) for one, job in zip(again, jobs, strict=True) if ":" not in job.run.encoder]
    try:
        hours = sum(run_cost(one.plan, one.layout, run).operations for one, run in counted) / rate_here() / 3600
    except (SettingsError, OSError):  # images that are not counted, as they are not there
        return f"{twins} twins"
    if len(counted) < len(again):
        return f"{twins} twins"
    return f"{twins} twins, about {hours:.1f} hours" if hours >= 1 else f"{twins} twins, about {hours * 60:.1f} minutes"


def edited_code_notice(tasks: Iterable[Task]) -> str:
    """A sentence on results whose stage has the VERSION that they were made with, though code that decides their
    numbers was edited since; the empty text: there are none."""
    files: dict[str, None] = {}
    stages: Counter[str] = Counter()
    for one in tasks:
        if one.stage.version is None or not (record := one.recorded()) or one.changes_since(record):
            continue
        if edited := _edited(record, one.watched()):
            files.update(dict.fromkeys(edited))
            stages[one.stage.name] += 1
    return _edited_text(list(files), stages) if files else ""


def _edited(record: Record, now: dict[str, str]) -> list[str]:
    """Files that are otherwise than they were; of new ones another would have to make use."""
    return sorted(name for name, digest in record["watched"].items() if now.get(name) != digest)


def _edited_text(files: list[str], stages: Counter[str]) -> str:
    counts = ", ".join(f"{count} of {name}" for name, count in stages.items())
    several = "were" if len(files) > 1 else "was"
    where = " and ".join(f"pipeline/stages/{name}.py" for name in stages)
    return (
        f"{', '.join(files)} {several} edited since finished results were made with the present VERSION ({counts}), "
        f"which count as current: raise VERSION in {where} to make them again"
    )


def notes_of(one: Task) -> list[str]:
    """Notes under a table: code that was edited since, versions and processors that differ between its runs."""
    mixture = mixture_note([read_record(place.record) for place in one.records if place.stage.is_training])
    return list(filter(None, (code_note(one), mixture)))


def code_note(one: Task) -> str:
    """The sentence of `edited_code_notice` on the runs behind a table and what was measured of them."""
    runs = [place.subject for place in one.records if place.stage.is_training]
    return edited_code_notice(task(name, run, one.plan, one.layout) for run in runs for name in ("twins", "measure"))


def mixture_note(records: Sequence[Record]) -> str:
    """A sentence on versions of packages and kinds of processor of the runs of a table, where they differ."""
    found: dict[str, Counter[str]] = {}
    for record in records:
        made = record["made"]
        where = {name: made["packages"][name] for name in PACKAGES}
        where |= {"Python": made["python"], "processor": made["machine"]["processor"]}
        where["accelerator"] = made["machine"]["accelerator"]
        for name, value in where.items():
            found.setdefault(name, Counter())[str(value)] += 1
    mixed = [
        f"{name} {', '.join(f'{value} ({count})' for value, count in counts.items())}"
        for name, counts in found.items()
        if len(counts) > 1
    ]
    return f"The runs of this table were made by different {'; '.join(mixed)} (number of runs)." if mixed else ""
