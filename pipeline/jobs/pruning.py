"""Checkpoints that nothing reads any more.

With `checkpoint_retention: last` those before a run's last epoch are deleted as soon as all
that the settings make of them is made, so that a grid needs the disk of its last epochs alone."""

from collections.abc import Iterator
from typing import Any

from pipeline.jobs.chain import STAGES
from pipeline.jobs.records import THINNED
from pipeline.jobs.task import Task, task
from pipeline.system.files import write_text
from twin_alignment.progress import say

KIND = "checkpoints"


def prune_consumed_checkpoints(one: Task) -> None:
    """Delete checkpoints of the runs that a finished result was the last to read."""
    if one.plan.params.checkpoint_retention == "last":
        for name in one.stage.reads(one.job).get(KIND, ()):
            prune(task("twins", name, one.plan, one.layout))


def prune(run: Task) -> int:
    """Return the bytes that were deleted of a run: none where some result is still to be made of its checkpoints, or
    where they are gone already."""
    from pipeline.train.checkpoints import of_epoch  # noqa: PLC0415  (torch takes seconds)

    record = run.recorded()
    if not record or not all(map(_is_current, readers(run))):
        return 0
    folder = run.place.outputs[KIND]
    files = [run.place.folder / name for name in record["outputs"][KIND]]
    earlier = [path for path in files if not of_epoch(path, _run(run).epochs)]
    present = [path for path in earlier if path.is_file()]
    size: int = sum(path.stat().st_size for path in present)
    if present:
        write_text(folder / THINNED, "".join(f"{path.name}\n" for path in earlier))
        for path in present:
            path.unlink(missing_ok=True)
        say(f"{run.subject}: {size / 1e6:.1f} MB of checkpoints are read by nothing more, and deleted")
    return size


def readers(run: Task) -> Iterator[Task]:
    """All that the settings make of a run's checkpoints."""
    names = {"run": run.subject, "setting": _run(run).setting.name}
    for stage in STAGES.values():
        subject = names.get(stage.subject)
        if subject is not None and subject in stage.subjects(run.plan):
            one = task(stage.name, subject, run.plan, run.layout)
            if run.subject in stage.reads(one.job).get(KIND, ()):
                yield one


def _run(run: Task) -> Any:
    job: Any = run.job
    return job.run


def _is_current(one: Task) -> bool:
    """Whether a result is of these settings, this code and these inputs."""
    record = one.recorded()
    made = all(place.record.is_file() for _, place in one.reads)
    return bool(record) and made and not one.changes_since(record, inputs=True)
