"""One runner for all stages: check the inputs, compute, write the record last."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipeline.files import SHARD, clear_leftovers, set_aside, write_bytes, write_text
from pipeline.progress import say
from pipeline.settings.base import SettingsError
from pipeline.training.divergence import DivergenceError
from pipeline.workflow.diverged import DIVERGED
from pipeline.workflow.grown import trained_again
from pipeline.workflow.provenance import environment
from pipeline.workflow.records import (
    OtherVersionError,
    Record,
    Task,
    differences,
    digest,
    faults,
    read_record,
    recorded,
    said,
    task,
    write_record,
    write_sums,
)
from pipeline.workflow.space import check_space
from pipeline.workflow.stages import stage_of
from pipeline.workflow.thinning import thin_what_was_read

REMADE = ".remade"  # suffix of a file beside a run's state
DECLARED = ".declared"  # and of a folder


def make(one: Task, *more: Any, **options: Any) -> None:
    """Compute a result; `more` and `options` go to the stage's `run` after its paths.

    Raises FileNotFoundError for an input that is not there, SettingsError for one that was altered since it was made,
    for a run that other settings, data or code began or finished, and for one that another process trains.
    """
    if one.stage.resumes:
        _bring_back_deleted(one)
    check_inputs(one)
    with _alone(one) if one.stage.resumes else nullcontext():
        _make(one, *more, **options)
    if not one.stage.resumes:
        thin_what_was_read(one)


def _make(one: Task, *more: Any, **options: Any) -> None:
    started = time.monotonic()
    from_what = one.begun_from()
    if one.stage.resumes and _finished(one, from_what):
        keep_declared(one)
        say(f"{one.subject}: finished already; `{one.plan.command('remake', one.subject)}` first to train it again")
        return
    check_space(one)
    if costs := trained_again([one]):
        say(costs)
    if one.stage.resumes:
        options = {**options, "state": _begin(one, from_what), "origin": _origin(from_what)}
    resumed = _has_state(one)
    earlier = _earlier(one)
    one.record.unlink(missing_ok=True)
    folders = [one.outputs[kind] for kind, pattern in one.stage.writes.items() if pattern.endswith("/")]
    for folder in folders:
        clear_leftovers(folder) if resumed else _retire(folder)
    for room in {path.parent for path in (one.record, *one.outputs.values()) if path not in folders}:
        clear_leftovers(room)
    module = importlib.import_module(f"pipeline.stages.{one.stage.name}")  # torch takes seconds: only where needed
    try:
        found = module.run(one.job, one.inputs, one.outputs, *more, **options)
    except DivergenceError as error:
        _note_divergence(one, str(error))
        raise SettingsError(
            f"{one.subject}: {error}. The same command again makes all results without this run, and says so; with "
            "--keep-going as well, all other runs are tried before it ends"
        ) from None
    except OSError:
        if not _has_state(one):  # which needs what it kept
            for folder in folders:
                _bring_back(folder)
        raise
    for folder in folders:
        write_sums(folder)
        shutil.rmtree(_retired(folder), ignore_errors=True)
    record = {
        "stage": one.stage.name,
        "subject": one.subject,
        **from_what,
        "outputs": {kind: digest(path) for kind, path in one.output_handles.items()},
        "found": found or {},
        "made": {**environment(), "seconds": round(time.monotonic() - started, 3)},
    }
    if one.stage.resumes:
        noted = read_record(one.layout.state(one.subject, ".json"))
        record["kept"] = noted.get("kept", [])
        write_record(one.layout.state(one.subject, ".json"), {**noted, "finished": True})
        _states(one)[1].unlink(missing_ok=True)
    again = earlier == {**record, "made": earlier.get("made")}
    write_record(one.record, earlier if again else record)  # same bytes again: what reads the record stays as it was
    if one.stage.resumes:
        keep_declared(one)


def keep_declared(one: Task) -> None:
    """Keep copies of the files that a workflow declares of a finished run, all small. Snakemake and DVC delete these
    before a job, for whatever reason they plan it again: without them weeks of training would begin anew."""
    for kept, declared in _declared(one).items():
        write_bytes(kept, declared.read_bytes())


def _bring_back_deleted(one: Task) -> None:
    for kept, declared in _declared(one).items():
        if kept.is_file() and not declared.exists():
            write_bytes(declared, kept.read_bytes())


def _declared(one: Task) -> dict[Path, Path]:
    """Copies of them, beside the run's state, and where they belong."""
    folder = one.layout.state(one.subject, DECLARED)
    files = {**one.output_handles, "record": one.record}
    return {folder / kind: path for kind, path in files.items()}


@contextmanager
def _alone(one: Task) -> Iterator[None]:
    """No other process works on this run meanwhile, whose state both would write; the system forgets a dead one's
    lock."""
    file = one.layout.state(one.subject, ".lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=0):
            yield
    except Timeout:
        raise SettingsError(
            f"{one.subject}: another process trains it (it holds {file}); wait for it, or stop it"
        ) from None


def _retired(folder: Path) -> Path:
    """Where an earlier result waits until the new one is whole."""
    return folder.with_name(f".{folder.name}.retired")


def _retire(folder: Path) -> None:
    """Nothing of an earlier result is to stay in the new one."""
    if folder.is_dir():
        shutil.rmtree(_retired(folder), ignore_errors=True)
        folder.rename(_retired(folder))


def _bring_back(folder: Path) -> None:
    """Where the new one could not be written, as on a full disk."""
    if _retired(folder).is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        _retired(folder).rename(folder)


def _earlier(one: Task) -> Record:
    """What was recorded of a result that is made again; nothing where there is no record, or none to be relied on."""
    try:
        return recorded(one) if one.record.is_file() else {}
    except OtherVersionError:
        raise
    except SettingsError:
        say(f"{one.record}: not its whole record, or altered; set aside as {set_aside(one.record).name}")
        return {}


def _note_divergence(one: Task, why: str) -> None:
    """Of the run that a stage is of, for `without_diverged`."""
    job: Any = one.job
    trained = task("twins", job.run.name, one.plan, one.layout)
    before = _before(trained)
    if before is not None:
        write_record(trained.layout.state(trained.subject, DIVERGED), {**before, "why": why})


def _finished(one: Task, now: Record) -> bool:
    record = _earlier(one)
    return bool(record) and not differences(record, now) and not faults(one, record, deep=False)


def check_inputs(one: Task) -> None:
    """That every input is there, whole, and as the stage that made it left it; what was altered is set aside. That runs
    among them were trained on the data that are there now."""
    runs: dict[str, Task] = {}
    for kind, subject in dict.fromkeys((kind, subject) for kind, subject, _ in one.reads):
        maker = task(stage_of(kind).name, subject, one.plan, one.layout)
        if maker.stage.resumes:
            runs[subject] = maker
        path = maker.output_handles[kind]
        if not (path.is_file() and maker.record.is_file()):
            raise FileNotFoundError(f"{path}: not there; `{maker.command}` makes it")
        bad = faults(maker, recorded(maker), deep=True, kind=kind, unread=SHARD)
        aside = [set_aside(fault.path) for fault in bad if fault.there]
        if bad:
            kept = f", and is set aside as {aside[0].name}" if bad[0].there else ""
            more = f", and so it is with {len(bad) - 1} more files" if len(bad) > 1 else ""
            raise SettingsError(f"{bad[0]} since `{maker.command}` made it{kept}{more}: that command makes it again")
    trained = [(run, before) for run in runs.values() if (before := _before(run)) is not None]
    refuse_other_origin(*((run, {**before, "inputs": run.input_digests()}) for run, before in trained))
    for path in (*map(Path, one.stage.files.values()), *one.records):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not there")
    for path in one.records:
        read_record(path)


def _begin(one: Task, now: Record) -> Path:
    """Note what a run is begun from; its state to go on from, if there is one. Raises SettingsError where other
    settings, data or code began or finished it."""
    refuse_other_origin((one, now))
    one.layout.state(one.subject, DIVERGED).unlink(missing_ok=True)
    noted = one.layout.state(one.subject, ".json")
    states = _states(one)
    if not noted.is_file() or read_record(noted)["finished"]:
        for state in states:
            state.unlink(missing_ok=True)
        shutil.rmtree(one.layout.state(one.subject, DECLARED), ignore_errors=True)
        write_record(noted, {**now, "finished": False})
    return states[0]


def _states(one: Task) -> tuple[Path, Path]:
    """Where a run can go on: after its last kept step, and after the one kept before."""
    return one.layout.state(one.subject, ".pt"), one.layout.state(one.subject, ".pt.before")


def _has_state(one: Task) -> bool:
    return one.stage.resumes and any(path.is_file() for path in _states(one))


def _origin(from_what: Record) -> str:
    """What a state belongs to, as a digest: settings and data. That its code is the same, or was compared, is seen to
    beside it."""
    return hashlib.sha256(json.dumps([from_what["job"], from_what["inputs"]], sort_keys=True).encode()).hexdigest()


def refuse_other_origin(*some: tuple[Task, Record]) -> None:
    """Hours of training are never silently begun anew: raises SettingsError that names all runs, each given with what
    decides its result now, that something else began or finished."""
    refused = [(one, *other) for one, now in some if (other := _other_origin(one, now))]
    if not refused:
        return
    first, how, found = refused[0]
    also = {0: "", 1: ", and so was one more run"}.get(len(refused) - 1, f", and so were {len(refused) - 1} more runs")
    them = "them" if also else "it"
    runs = [one.subject for one, *_ in refused]
    keep = f"keep {them} by `{first.plan.command('replay', *runs)}`, which trains first steps again and compares, or "
    raise SettingsError(
        f"{first.subject} was {how} from something else ({said(found)}){also}: "
        f"{keep if all(set(found) == {'code'} for *_, found in refused) else ''}"
        f"make {them} again after `{first.plan.command('remake', *runs)}`"
    )


def _other_origin(one: Task, now: Record) -> tuple[str, dict[str, list[str]]] | None:
    """Whether a run was begun or finished, and what was otherwise then; nothing where all is as it was."""
    then = _before(one)
    if then is None:
        return None
    finished = then.get("finished", True)
    found = differences(then, now, grown=finished)
    return ("finished" if finished else "begun", found) if found else None


def _before(one: Task) -> Record | None:
    """What a run was last begun from; its record alone where it came without its state, as from DVC."""
    noted = one.layout.state(one.subject, ".json")
    path = noted if noted.is_file() else one.record
    return read_record(path) if path.is_file() else None


def refuse_before_the_start(one: Task, every: Mapping[tuple[str, str], Task]) -> None:
    """The same for the workflow, before any job starts: inputs are not looked at where one is still to be made. Where
    `one` is refused, so are all others of its stage that would be, in one sentence. `every` has tasks by (stage,
    subject)."""
    first = _otherwise_now(one, every)
    if first:
        others = (other for other in every.values() if other.stage is one.stage and other.subject != one.subject)
        refuse_other_origin(first, *filter(None, (_otherwise_now(other, every) for other in others)))


def _otherwise_now(one: Task, every: Mapping[tuple[str, str], Task]) -> tuple[Task, Record] | None:
    """With what decides its result now, where that is otherwise than it was."""
    before = _before(one)
    if before is None:
        return None
    now = {**one.but_for_inputs(before), "inputs": _made_inputs(one, every) or before["inputs"]}
    return (one, now) if _other_origin(one, now) else None


def _made_inputs(one: Task, every: Mapping[tuple[str, str], Task]) -> dict[str, dict[str, str]]:
    """Digests of its inputs as recorded; none where one of them is still to be made, from which others may follow."""
    found: dict[str, dict[str, str]] = {}
    for kind, subject, _ in one.reads:
        maker = every.get((stage_of(kind).name, subject))
        if maker is None or kind not in maker.made:
            return {}
        found.setdefault(kind, {})[subject] = maker.made[kind]
    return found


def remake(one: Task) -> None:
    """Forget what a run was begun from and how far it came, so that it is trained from the start. Its checkpoints stay
    until the new ones are there."""
    noted = (one.layout.state(one.subject, suffix) for suffix in (".json", DIVERGED))
    for path in (one.record, *noted, *_states(one)):
        path.unlink(missing_ok=True)
    shutil.rmtree(one.layout.state(one.subject, DECLARED), ignore_errors=True)
    write_text(one.layout.state(one.subject, REMADE), f"{remade(one) + 1}\n")


def remade(one: Task) -> int:
    """How often it was to be made again: Snakemake does not miss a record, but sees that this number changed."""
    file = one.layout.state(one.subject, REMADE)
    return int(file.read_text(encoding="utf-8")) if file.is_file() else 0
