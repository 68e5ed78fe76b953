"""Checkpoints that nothing reads any more: with `keep: last` those before a run's last epoch are deleted as soon as all
that the settings make of them is made, and its state with them, so that a grid needs the disk of its last epochs alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.files import write_text
from pipeline.progress import say
from pipeline.workflow.layout import THINNED
from pipeline.workflow.records import Task, read_sums, recorded, task
from pipeline.workflow.stages import STAGES

KIND = "checkpoints"


def thin_what_was_read(one: Task) -> None:
    """Of a result that is made: the runs whose checkpoints it was the last to read."""
    if one.plan.params.keep == "last":
        for name in one.stage.reads(one.job).get(KIND, ()):
            thin(task("twins", name, one.plan, one.layout))


def thin(run: Task) -> int:
    """Bytes that were deleted of a run: none where some result is still to be made of its checkpoints, or where they
    are gone already."""
    from pipeline.training.checkpoints import of_epoch  # noqa: PLC0415  (torch takes seconds)

    folder, job = run.outputs[KIND], _run(run)
    if not (run.record.is_file() and all(map(_is_made, readers(run)))):
        return 0
    earlier = [path for path in read_sums(folder) if not of_epoch(path, job.epochs)]
    there = [path for path in (*earlier, run.layout.state(run.subject, ".pt")) if path.is_file()]
    size = sum(path.stat().st_size for path in there)
    if there:
        write_text(folder / THINNED, "".join(f"{path.name}\n" for path in earlier))
        for path in there:
            path.unlink(missing_ok=True)
        say(f"{run.subject}: {size / 1e6:.1f} MB of checkpoints and state are read by nothing more, and deleted")
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


def _is_made(one: Task) -> bool:
    """By these settings, this code and these inputs."""
    if not one.made or not all(map(Path.is_file, one.input_handles)):
        return False
    return bool(recorded(one)["inputs"] == one.input_digests())
