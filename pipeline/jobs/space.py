"""Whether a disk has room for what a run keeps, asked before the hours that it takes."""

import shutil
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.jobs.task import Task


def check_space(one: Task) -> None:
    """Raises SettingsError where there is too little for a run's checkpoints and states. An encoder of one's own is not
    asked for its size, as it may not be one that can be built without memory."""
    job: Any = one.job
    if not one.stage.is_training or ":" in job.run.encoder:
        return
    from pipeline.jobs.cost import run_cost  # noqa: PLC0415  (torch takes seconds, and other stages do without)

    cost = run_cost(one.plan, one.layout, job.run)
    needed = cost.checkpoint_bytes + 2 * cost.state_bytes  # while it trains also the state before
    folder = one.layout.results
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SettingsError(
            f"{folder}: {_size(free)} are free, and {one.stage.name} of {one.subject} needs {_size(needed)}"
        )


def _size(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.2f} MB"
