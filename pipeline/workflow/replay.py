"""Whether today's code still makes a run: the price of keeping what other code made, and a stranger's audit."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.files import read_json, write_json
from pipeline.settings.base import SettingsError
from pipeline.workflow.code import code_digest
from pipeline.workflow.provenance import git_state
from pipeline.workflow.records import Task, differences, missing_or_altered, read_record, said
from pipeline.workflow.runner import check_inputs

if TYPE_CHECKING:
    import torch


def replay_run(one: Task, device: torch.device, steps: int, workers: int) -> str:
    """Train the first steps of a run again, and those after its last kept state, and compare with what it recorded.

    Where other code made the run and all agrees, the record takes today's code, with what was compared. Returns a
    sentence; raises SettingsError where the run is of other settings or data, was altered, or does not agree.
    """
    from pipeline.data.images import load_images  # noqa: PLC0415  (torch takes seconds, and only here is it needed)
    from pipeline.training.checkpoints import load_state  # noqa: PLC0415
    from pipeline.training.replay import replay  # noqa: PLC0415

    check_inputs(one)
    noted, state_path = (one.layout.state(one.subject, suffix) for suffix in (".json", ".pt"))
    finished = one.record.is_file()
    if not finished and not noted.is_file():
        raise SettingsError(f"{one.subject}: never begun here; `{one.command}` trains it")
    then, now = read_record(one.record if finished else noted), one.begun_from()
    found = differences(then, now, grown=finished)
    if set(found) - {"code"}:
        raise SettingsError(f"{one.subject} was made from something else, and cannot be compared ({said(found)})")
    if finished and (bad := missing_or_altered(one, then, deep=True)):
        raise SettingsError(f"{bad[0]} since it was recorded: it cannot be compared")
    state = load_state(state_path) if state_path.is_file() else None
    if not finished and state is None:
        raise SettingsError(f"{one.subject}: begun, and no state kept yet; `python -m pipeline remake {one.subject}`")
    recorded = _recorded(pd.read_csv(one.outputs["steps"])) if finished else _of_state(state)
    job: Any = one.job
    objectives = [o for o in job.objectives if any(key[2] == o.name for key in recorded)]
    images = load_images(one.inputs["store"][0], one.inputs["subset"][0], device)["train"]
    starts = [None, *([state] if finished and state is not None else [])]
    compared = [
        replay(job.run, objectives, images, job.views, recorded, start, steps, one.outputs["checkpoints"], workers)
        for start in starts
    ]
    text = "; ".join(
        f"{c.steps} steps of {c.twins} twins after epoch {c.after_epoch}: "
        + ("equal to the bit" if c.equal else f"losses differ by up to {c.deviation:.2g}")
        + (f", {c.checkpoints} checkpoints reached again" if c.checkpoints else "")
        for c in compared
    )
    if not all(c.agree for c in compared):
        raise SettingsError(f"{one.subject}: today's code does not make this run ({text})")
    if "code" in found:
        kept = {"was": code_digest(then["code"]), "is": code_digest(now["code"]), **git_state()}
        note = {**kept, "compared": [asdict(c) for c in compared]}
        for path in (one.record, noted):
            if path.is_file():
                record = read_json(path)
                write_json(path, {**record, "code": now["code"], "kept": [*record.get("kept", []), note]})
    return f"{one.subject}: {text}" + ("; kept, and recorded as such" if "code" in found else "")


def _recorded(table: pd.DataFrame) -> dict[tuple[int, int, str], tuple[float, ...]]:
    columns = ("epoch", "step", "objective", "learning_rate", "loss", "mean_mass", "mean_square_mass")
    return {(int(e), int(s), str(o)): tuple(rest) for e, s, o, *rest in zip(*(table[c] for c in columns), strict=True)}


def _of_state(state: dict[str, Any] | None) -> dict[tuple[int, int, str], tuple[float, ...]]:
    return {(e, s, o): tuple(rest) for e, s, o, *rest in state["rows"]} if state else {}
