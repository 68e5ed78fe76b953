"""Deletion of checkpoints that nothing reads any more.

With `checkpoint_retention: last` a run's checkpoints before its last epoch are deleted as soon as every result that the
settings make from them exists. A grid then needs the disk space of its last epochs.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.jobs.chain import STAGES
from pipeline.jobs.records import THINNED
from pipeline.jobs.task import Task, task_of
from pipeline.system.files import write_text
from twin_alignment.progress import say

KIND = "checkpoints"


def prune_consumed_checkpoints(task: Task) -> None:
    """Delete checkpoints of runs that a finished result was the last to read."""
    if task.plan.params.checkpoint_retention == "last":
        for name in task.stage.reads(task.job).get(KIND, ()):
            prune(task_of("twins", name, task.plan, task.layout))


def prune(run: Task) -> int:
    """Delete a run's consumed checkpoints and return their bytes: 0 while some result still needs them."""
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
        say(f"{run.subject}: {size / 1e6:.1f} MB of checkpoints are not needed any more, and were deleted")
    return size


def readers(run: Task) -> Iterator[Task]:
    """Yield the results that the settings make from a run's checkpoints."""
    names = {"run": run.subject, "setting": _run(run).setting.name}
    for stage in STAGES.values():
        subject = names.get(stage.subject)
        if subject is not None and subject in stage.subjects(run.plan):
            task = task_of(stage.name, subject, run.plan, run.layout)
            if run.subject in stage.reads(task.job).get(KIND, ()):
                yield task


def _run(run: Task) -> Any:
    job: Any = run.job
    return job.run


def _is_current(task: Task) -> bool:
    """True where a result has these settings, this code and these inputs."""
    record = task.recorded()
    made = all(place.record.is_file() for _, place in task.reads)
    return bool(record) and made and not task.changes_since(record, inputs=True)
