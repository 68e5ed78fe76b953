"""Run a stage: check the inputs, compute next to the earlier result, then replace it by the new one."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipeline.config.base import SettingsError
from pipeline.jobs.diverged import forget_divergence, note_divergence
from pipeline.jobs.notes import notes_of, retraining_notice
from pipeline.jobs.provenance import environment
from pipeline.jobs.pruning import prune_consumed_checkpoints
from pipeline.jobs.records import (
    OtherVersionError,
    Record,
    digests_within,
    integrity_errors,
    read_record,
    record_of,
    write_digests,
    write_record,
)
from pipeline.jobs.runs_table import list_runs
from pipeline.jobs.space import check_space
from pipeline.jobs.task import Task, task_of
from pipeline.planning.layout import RECORD, Place
from pipeline.system.files import QUARANTINE, SHARD, clear_leftovers, quarantine, synchronise
from pipeline.train.divergence import DivergenceError
from twin_alignment.progress import say

RESULT = "result"  # in the folder of an unfinished result: what becomes its folder
STARTED = "started.json"  # next to it: the key that the work was started with


def make(task: Task, *more: Any, **options: Any) -> None:
    """Compute a result; `more` and `options` go to the stage's `run` after its paths.

    An earlier result stays until the new one is complete, also where the stage fails.

    Raises:
        FileNotFoundError: an input is missing.
        SettingsError: an input was altered, or another process computes the same result.
    """
    check_inputs(task)
    with _exclusive(task):
        _finish_replacement(task.place)
        _make(task, *more, **options)
    prune_consumed_checkpoints(task)


def _make(task: Task, *more: Any, **options: Any) -> None:
    start = time.monotonic()
    place, key = task.place, task.key()
    earlier = _earlier(task)
    if (
        task.stage.is_training
        and earlier
        and not task.changes_since(earlier, inputs=True)
        and _is_whole(place, earlier)
    ):
        write_digests(place, earlier["outputs"])
        say(f"{task.subject}: finished already; `{task.plan.command('remake', task.subject)}` first to train it again")
        return
    check_space(task)
    if task.stage.is_training:
        list_runs(task.layout, [task])
        if notice := retraining_notice([task]):
            say(notice)
    result = _start(task, key)
    if task.stage.is_training:
        options = {**options, "state": place.unfinished / "state.pt", "origin": task.origin}
    if task.stage.records:
        options = {**options, "notes": notes_of(task)}
    outputs = place.within(result)
    try:
        details = task.stage.run(task.job, task.inputs, outputs, *more, **options)
    except DivergenceError as error:
        note_divergence(task, str(error))
        raise SettingsError(
            f"{task.subject}: {error}. The same command again makes all results without this run, and says so; with "
            "--keep-going as well, all other runs are tried before it ends"
        ) from None
    except BaseException:
        if not task.stage.is_resumable:
            shutil.rmtree(place.unfinished, ignore_errors=True)
        raise
    record = {
        "stage": task.stage.name,
        "subject": task.subject,
        **key,
        "watched": task.watched(),
        "outputs": digests_within(result, outputs),
        "found": details or {},
    }
    # the same bytes from the same inputs keep their record, with what made them first
    made = earlier["made"] if earlier and earlier == {**record, "made": earlier["made"]} else environment(start)
    _replace(place, {**record, "made": made})


@contextmanager
def _exclusive(task: Task) -> Iterator[None]:
    """Hold the lock of a result; the system releases that of a process that ended."""
    file = task.place.unfinished.with_name(f"{task.place.unfinished.name}.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=0):
            yield
    except Timeout:
        raise SettingsError(
            f"{task.subject}: another process computes it and holds {file}; wait for it, or stop it"
        ) from None


# -- before and after -------------------------------------------------------------------------------------------------


def _start(task: Task, key: Record) -> Path:
    """Return the folder that the stage writes to.

    It has what an interrupted attempt left, where that was started from the same settings, code and data; other
    leftovers are moved away.
    """
    folder = task.place.unfinished
    started = folder / STARTED
    forget_divergence(task)
    if started.is_file() and not (task.stage.is_resumable and _same_start(task, started)):
        _discard(task, folder)
    result = folder / RESULT
    result.mkdir(parents=True, exist_ok=True)
    clear_leftovers(folder)
    for path in (task.place.digests, task.place.record):
        clear_leftovers(path.parent, path.name)
    write_record(started, key)
    return result


def _same_start(task: Task, started: Path) -> bool:
    try:
        return not task.changes_since(read_record(started), inputs=True)
    except SettingsError as error:
        say(str(error))
        return False


def _discard(task: Task, folder: Path) -> None:
    """Move away what an interrupted training left, and say why; delete leftovers of other stages."""
    if task.stage.is_training and (folder / "state.pt").is_file():
        aside = folder.with_name(f"{folder.name}{QUARANTINE}")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(folder, aside)
        say(f"{task.subject}: its state has other settings, code or data, and was moved to {aside}; starting again")
    else:
        shutil.rmtree(folder)


def _replace(place: Place, record: Record) -> None:
    """Replace an earlier result by a complete one, its record last."""
    if not place.stage.folder:
        for kind, path in place.outputs.items():
            _move(place.within(place.unfinished / RESULT)[kind], path)
        write_record(place.record, record)
    else:
        write_record(place.unfinished / RESULT / RECORD, record)
        _finish_replacement(place)
    shutil.rmtree(place.unfinished)


def _finish_replacement(place: Place) -> None:
    """Exchange a result's folder for a complete new one, also where an earlier process was killed in between."""
    new = place.unfinished / RESULT
    if not (place.stage.folder and (new / RECORD).is_file()):
        return
    place.digests.unlink(missing_ok=True)  # Snakemake must not take the earlier list for the new one's
    _move(new, place.folder)
    write_digests(place, record_of(place)["outputs"])


def _move(new: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if new.is_dir() and path.exists():
        old = new.with_name("replaced")
        shutil.rmtree(old, ignore_errors=True)
        os.replace(path, old)
    os.replace(new, path)
    synchronise(path.parent)


def _earlier(task: Task) -> Record:
    """Record of the earlier result; a damaged record is moved away. Empty: there is none."""
    path = task.place.record
    try:
        return record_of(task.place) if path.is_file() else {}
    except OtherVersionError:
        raise
    except SettingsError:
        say(f"{path}: not a complete record, or altered; moved to {quarantine(path).name}")
        return {}


def _is_whole(place: Place, record: Record) -> bool:
    errors = integrity_errors(place, record, deep=False)
    return not [error for error in errors if error.path != place.digests]


def check_inputs(task: Task) -> None:
    """Check that every input exists and has its recorded bytes; move away what was altered. Check that networks were
    trained on today's data.

    Raises:
        FileNotFoundError: an input is missing.
        SettingsError: an input was altered, or has other data.
    """
    for (kind, _), place in {(kind, place.subject): place for kind, place in task.reads}.items():
        maker = task_of(place.stage.name, place.subject, task.plan, task.layout)
        if not place.record.is_file():
            raise FileNotFoundError(f"{place.outputs[kind]}: missing; `{maker.command}` makes it")
        record = record_of(place)
        if errors := integrity_errors(place, record, deep=True, kind=kind, unread=SHARD):
            aside = [quarantine(error.path) for error in errors if error.exists]
            place.digests.unlink(missing_ok=True)  # so that Snakemake makes the result again
            moved = f"; moved to {aside[0].name}" if aside else ""
            more = f" ({len(errors)} files affected)" if len(errors) > 1 else ""
            raise SettingsError(f"{errors[0]} since `{maker.command}` made it{more}{moved}. Run that command again")
        if place.stage.is_training:
            _check_origin(maker, record)
    for place in task.records:
        if not place.record.is_file():
            raise FileNotFoundError(f"{place.record}: missing")
        read_record(place.record)
    for path in task.files.values():
        if not path.is_file():
            raise FileNotFoundError(f"{path}: missing")


def _check_origin(run: Task, record: Record) -> None:
    """Raises SettingsError where a run was trained on other data than today's."""
    changed = {kind: now for kind, now in run.input_digests().items() if record["inputs"].get(kind) != now}
    if changed:
        raise SettingsError(
            f"{run.subject}: expected networks trained on today's data, got others ({', '.join(changed)}); "
            f"`{run.command}` trains it again"
        )


def remake(task: Task) -> None:
    """Delete a finished or interrupted run, so that it is trained from the start."""
    shutil.rmtree(task.place.unfinished, ignore_errors=True)
    shutil.rmtree(task.place.folder, ignore_errors=True)
    task.place.digests.unlink(missing_ok=True)
