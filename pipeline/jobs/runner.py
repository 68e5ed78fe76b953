"""One runner for all stages: check the inputs, compute beside the earlier result, then put the new one in its place."""

from __future__ import annotations

import importlib
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
from pipeline.jobs.layout import RECORD, Place
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
from pipeline.jobs.task import Task, task
from pipeline.system.files import QUARANTINE, SHARD, clear_leftovers, quarantine, synchronise
from pipeline.train.divergence import DivergenceError
from twin_alignment.progress import say

RESULT = "result"  # in the folder of a result in the making: what will be its folder
STARTED = "started.json"  # beside it: what the work was started from


def make(one: Task, *more: Any, **options: Any) -> None:
    """Compute a result; `more` and `options` go to the stage's `run` after its paths.

    An earlier result stays until the new one is whole, also where the stage fails.

    Raises:
        FileNotFoundError: an input is missing.
        SettingsError: an input was altered since it was made, or another process works on the same result.
    """
    check_inputs(one)
    with _exclusive(one):
        _finish_replacement(one.place)
        _make(one, *more, **options)
    prune_consumed_checkpoints(one)


def _make(one: Task, *more: Any, **options: Any) -> None:
    begun = time.monotonic()
    place, key = one.place, one.key()
    earlier = _earlier(one)
    if one.stage.lasts and earlier and not one.changes_since(earlier, inputs=True) and _is_whole(place, earlier):
        write_digests(place, earlier["outputs"])
        say(f"{one.subject}: finished already; `{one.plan.command('remake', one.subject)}` first to train it again")
        return
    check_space(one)
    if one.stage.lasts:
        list_runs(one.layout, [one])
        if notice := retraining_notice([one]):
            say(notice)
    result = _start(one, key)
    if one.stage.lasts:
        options = {**options, "state": place.unfinished / "state.pt", "origin": one.origin}
    if one.stage.notes:
        options = {**options, "notes": notes_of(one)}
    outputs = place.within(result)
    module = importlib.import_module(f"pipeline.stages.{one.stage.name}")  # torch takes seconds: only where needed
    try:
        found = module.run(one.job, one.inputs, outputs, *more, **options)
    except DivergenceError as error:
        note_divergence(one, str(error))
        raise SettingsError(
            f"{one.subject}: {error}. The same command again makes all results without this run, and says so; with "
            "--keep-going as well, all other runs are tried before it ends"
        ) from None
    except BaseException:
        if not one.stage.resumes:
            shutil.rmtree(place.unfinished, ignore_errors=True)
        raise
    record = {
        "stage": one.stage.name,
        "subject": one.subject,
        **key,
        "watched": one.watched(),
        "outputs": digests_within(result, outputs),
        "found": found or {},
    }
    # of the same bytes from the same inputs the record stays, with who made them first
    made = earlier["made"] if earlier and earlier == {**record, "made": earlier["made"]} else environment(begun)
    _replace(place, {**record, "made": made})


@contextmanager
def _exclusive(one: Task) -> Iterator[None]:
    """No other process works on this result meanwhile; the system forgets a dead one's lock."""
    file = one.place.unfinished.with_name(f"{one.place.unfinished.name}.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=0):
            yield
    except Timeout:
        raise SettingsError(
            f"{one.subject}: another process makes it (it holds {file}); wait for it, or stop it"
        ) from None


# -- before and after -------------------------------------------------------------------------------------------------


def _start(one: Task, key: Record) -> Path:
    """Return the folder that the stage writes into: with what an interrupted attempt left, where that was started from
    the same settings, code and data; what it left otherwise is set aside."""
    folder = one.place.unfinished
    started = folder / STARTED
    forget_divergence(one)
    if started.is_file() and not (one.stage.resumes and _same_start(one, started)):
        _discard(one, folder)
    result = folder / RESULT
    result.mkdir(parents=True, exist_ok=True)
    clear_leftovers(folder)
    for path in (one.place.digests, one.place.record):
        clear_leftovers(path.parent, path.name)
    write_record(started, key)
    return result


def _same_start(one: Task, started: Path) -> bool:
    try:
        return not one.changes_since(read_record(started), inputs=True)
    except SettingsError as error:
        say(str(error))
        return False


def _discard(one: Task, folder: Path) -> None:
    """Set aside what an interrupted training left, and say why; of other stages delete it."""
    if one.stage.lasts and (folder / "state.pt").is_file():
        aside = folder.with_name(f"{folder.name}{QUARANTINE}")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(folder, aside)
        say(f"{one.subject}: its state is of other settings, code or data, and is set aside as {aside}; starting anew")
    else:
        shutil.rmtree(folder)


def _replace(place: Place, record: Record) -> None:
    """Put a whole result in the place of an earlier one, its record last."""
    if not place.stage.folder:
        for kind, path in place.outputs.items():
            _move(place.within(place.unfinished / RESULT)[kind], path)
        write_record(place.record, record)
    else:
        write_record(place.unfinished / RESULT / RECORD, record)
        _finish_replacement(place)
    shutil.rmtree(place.unfinished)


def _finish_replacement(place: Place) -> None:
    """Exchange a result's folder for a whole new one; also where an earlier process was killed on the way."""
    new = place.unfinished / RESULT
    if not (place.stage.folder and (new / RECORD).is_file()):
        return
    place.digests.unlink(missing_ok=True)  # of the earlier result: Snakemake must not take it for that of the new one
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


def _earlier(one: Task) -> Record:
    """The record of a result that is made again; a damaged one is set aside."""
    path = one.place.record
    try:
        return record_of(one.place) if path.is_file() else {}
    except OtherVersionError:
        raise
    except SettingsError:
        say(f"{path}: not its whole record, or altered; set aside as {quarantine(path).name}")
        return {}


def _is_whole(place: Place, record: Record) -> bool:
    errors = integrity_errors(place, record, deep=False)
    return not [error for error in errors if error.path != place.digests]


def check_inputs(one: Task) -> None:
    """Check that every input is there, whole, and as the stage that made it left it; set aside what was altered. Check
    that networks were trained on the data that are there now.

    Raises:
        FileNotFoundError: an input is missing.
        SettingsError: an input was altered, or is of other data.
    """
    for (kind, _), place in {(kind, place.subject): place for kind, place in one.reads}.items():
        maker = task(place.stage.name, place.subject, one.plan, one.layout)
        if not place.record.is_file():
            raise FileNotFoundError(f"{place.outputs[kind]}: missing; `{maker.command}` makes it")
        record = record_of(place)
        if errors := integrity_errors(place, record, deep=True, kind=kind, unread=SHARD):
            aside = [quarantine(error.path) for error in errors if error.exists]
            place.digests.unlink(missing_ok=True)  # so that Snakemake makes the result again
            kept = f", and is set aside as {aside[0].name}" if errors[0].exists else ""
            more = f", and so are {len(errors) - 1} more files" if len(errors) > 1 else ""
            raise SettingsError(f"{errors[0]} since `{maker.command}` made it{kept}{more}: that command makes it again")
        if place.stage.lasts:
            _check_origin(maker, record)
    for place in one.records:
        if not place.record.is_file():
            raise FileNotFoundError(f"{place.record}: missing")
        read_record(place.record)
    for path in one.files.values():
        if not path.is_file():
            raise FileNotFoundError(f"{path}: missing")


def _check_origin(run: Task, record: Record) -> None:
    """Raises SettingsError where a run was trained on other data than are there now."""
    changed = {kind: now for kind, now in run.input_digests().items() if record["inputs"].get(kind) != now}
    if changed:
        raise SettingsError(
            f"{run.subject}: trained on other data than there are now ({', '.join(changed)}); "
            f"`{run.command}` trains it on these"
        )


def remake(one: Task) -> None:
    """Forget a finished or interrupted run, so that it is trained from the start."""
    shutil.rmtree(one.place.unfinished, ignore_errors=True)
    shutil.rmtree(one.place.folder, ignore_errors=True)
    one.place.digests.unlink(missing_ok=True)
