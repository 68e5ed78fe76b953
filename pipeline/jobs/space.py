"""Free disk space, checked before a run starts."""

import shutil
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.jobs.task import Task


def check_space(task: Task) -> None:
    """Raises SettingsError where a run's checkpoints and states do not fit.

    Runs of custom encoders are not checked: they may not be buildable without memory.
    """
    job: Any = task.job
    if not task.stage.is_training or ":" in job.run.encoder:
        return
    from pipeline.jobs.cost import run_cost  # noqa: PLC0415  (torch takes seconds, and other stages do without)

    cost = run_cost(task.plan, task.layout, job.run)
    needed = cost.checkpoint_bytes + 2 * cost.state_bytes  # while it trains also the state before
    folder = task.layout.results
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SettingsError(
            f"{folder}: expected {_size(needed)} of free space for {task.stage.name} of {task.subject}, got "
            f"{_size(free)}"
        )


def _size(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.2f} MB"
