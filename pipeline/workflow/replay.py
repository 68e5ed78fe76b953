"""Whether today's code still makes a run: the price of keeping what other code made, and a stranger's audit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.settings.base import SettingsError
from pipeline.workflow.code import code_digest
from pipeline.workflow.provenance import git_state
from pipeline.workflow.records import (
    Record,
    Task,
    differences,
    faults,
    read_record,
    read_sums,
    said,
    write_record,
)
from pipeline.workflow.runner import check_inputs, keep_declared

if TYPE_CHECKING:
    import torch

    from pipeline.training.replay import Compared, Recorded


@dataclass(frozen=True)
class _Before:
    """What there is of a run to compare with."""

    record: Record
    changed: dict[str, list[str]]  # since then; nothing, or code
    recorded: Recorded
    digests: dict[str, str]  # of its checkpoints, by file name
    state: dict[str, Any] | None  # the last one kept


def replay_run(one: Task, device: torch.device, steps: int | None, workers: int) -> str:
    """Train the first steps of a run again (none: all), and those after its last kept state, and compare with what it
    recorded.

    Where other code made the run and all agrees, the record takes today's code, with what was compared. Returns a
    sentence; raises SettingsError where the run is of other settings or data, was altered, or does not agree.
    """
    from pipeline.data.images import load_images  # noqa: PLC0415  (torch takes seconds, and only here is it needed)
    from pipeline.training.replay import replay  # noqa: PLC0415

    check_inputs(one)
    now = one.begun_from()
    before = _before(one, now)
    job: Any = one.job
    objectives = [o for o in job.objectives if any(key[2] == o.name for key in before.recorded)]
    images = load_images(one.inputs["store"][0], one.inputs["subset"][0], device)["train"]
    starts = [None, *([before.state] if one.record.is_file() and before.state is not None else [])]
    compared = [
        replay(job.run, objectives, images, job.views, before.recorded, start, steps, before.digests, workers)
        for start in starts
    ]
    text = "; ".join(map(_said, compared))
    if not all(c.agree for c in compared):
        raise SettingsError(f"{one.subject}: today's code does not make this run ({text})")
    if before.changed:
        _keep(one, before.record, now, compared)
    return f"{one.subject}: {text}" + ("; kept, and recorded as such" if before.changed else "")


def _before(one: Task, now: Record) -> _Before:
    """Raises SettingsError where there is nothing, or nothing that can be compared."""
    from pipeline.training.state import StateError, load_state  # noqa: PLC0415

    noted, state_path = (one.layout.state(one.subject, suffix) for suffix in (".json", ".pt"))
    finished = one.record.is_file()
    if not finished and not noted.is_file():
        raise SettingsError(f"{one.subject}: never begun here; `{one.command}` trains it")
    record = read_record(one.record if finished else noted)
    changed = differences(record, now, grown=finished)
    if set(changed) - {"code"}:
        raise SettingsError(f"{one.subject} was made from something else, and cannot be compared ({said(changed)})")
    try:
        state = load_state(state_path) if state_path.is_file() else None
    except StateError as error:
        raise SettingsError(f"{state_path}: {error}") from None
    if not finished:
        if state is None:
            again = one.plan.command("remake", one.subject)
            raise SettingsError(f"{one.subject}: begun, and no state kept yet; `{again}` has it trained from the start")
        return _Before(record, changed, _of_state(state), {}, state)
    bad = faults(one, record, deep=True, bulk_may_lack=True)
    if bad:
        raise SettingsError(f"{bad[0]} since it was recorded: it cannot be compared")
    digests = {path.name: known for path, known in read_sums(one.outputs["checkpoints"]).items()}
    return _Before(record, changed, _of_table(pd.read_csv(one.outputs["steps"])), digests, state)


def _said(c: Compared) -> str:
    result = "equal to the bit" if c.equal else f"losses differ by up to {c.deviation:.2g}"
    reached = f", {c.checkpoints} checkpoints reached again" if c.checkpoints else ""
    after = f"epoch {c.after_epoch}{f', step {c.after_step} of the next' if c.after_step else ''}"
    return f"{c.steps} steps of {c.twins} twins after {after}: {result}{reached}"


def _keep(one: Task, then: Record, now: Record, compared: list[Compared]) -> None:
    """Give the run's record today's code, and say what was compared."""
    codes = {"was": code_digest(then["code"]), "is": code_digest(now["code"]), **git_state()}
    note = {**codes, "compared": [asdict(c) for c in compared]}
    for path in (one.record, one.layout.state(one.subject, ".json")):
        if path.is_file():
            record = read_record(path)
            write_record(path, {**record, "code": now["code"], "kept": [*record.get("kept", []), note]})
    if one.record.is_file():
        keep_declared(one)


def _of_table(table: pd.DataFrame) -> Recorded:
    columns = ("epoch", "step", "objective", "learning_rate", "loss", "mean_mass", "mean_square_mass")
    return {(int(e), int(s), str(o)): tuple(rest) for e, s, o, *rest in zip(*(table[c] for c in columns), strict=True)}


def _of_state(state: dict[str, Any]) -> Recorded:
    return {(e, s, o): tuple(rest) for e, s, o, *rest in state["rows"]}
