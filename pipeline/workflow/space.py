"""Whether a disk has room for a job's results, asked before the hours that they take."""

import shutil
from collections.abc import Callable
from typing import Any

from pipeline.settings.base import SettingsError
from pipeline.workflow.records import Task

NEEDED: dict[str, Callable[[Any], float]] = {  # stage -> bytes of what it writes, of a run's cost
    "twins": lambda cost: cost.checkpoint_bytes + 2 * cost.state_bytes,  # while it trains also the state before
    "measure": lambda cost: cost.feature_bytes,
}


def check_space(one: Task) -> None:
    """Raises SettingsError where there is too little for a run's checkpoints and state, or for its features. An encoder
    of one's own is not asked for its size, as it may not be one that can be built without memory."""
    job: Any = one.job
    if one.stage.name not in NEEDED or ":" in job.run.encoder:
        return
    from pipeline.workflow.cost import run_cost  # noqa: PLC0415  (torch takes seconds, and other stages do without)

    needed = NEEDED[one.stage.name](run_cost(one.plan, one.layout, job.run))
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
