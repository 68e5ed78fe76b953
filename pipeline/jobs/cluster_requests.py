"""Memory and time that a job requests from a cluster, from the cost of its run."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.config.run import Run
from pipeline.jobs.task import Task

MIB = 2**20
HOUR = 60
BASE = 2048  # MiB: torch and its libraries take 0.3 GiB, with CUDA's part on the host up to 2 GiB
MARGIN = 3  # times what is counted: a step's peak was 2.2 to 3 times what it keeps (benchmarks/RESULTS.md)


@dataclass(frozen=True)
class Request:
    memory: int  # MiB
    minutes: int

    def times(self, attempt: int) -> "Request":
        """Return more of both: a job that failed may have had too little."""
        return Request(self.memory * attempt, self.minutes * attempt)


MINIMUM = Request(2 * BASE, HOUR)  # tables, figures and the report take minutes
UNKNOWN = Request(8 * BASE, 24 * HOUR)  # images that are not counted yet, custom encoders


def estimate_resources(task: Task, gpu: bool, threads: int, attempt: int) -> Request:
    """Return what a job requests.

    A job on a run requests three times the time that its training takes at the assumed rates of `cost`, also where it
    only reads what was trained. No job requests less than an hour.

    Args:
        task: the job.
        gpu: True where it has a GPU.
        threads: its CPU threads.
        attempt: counted from 1; later attempts request more.
    """
    job: Any = task.job
    run: Run | None = getattr(job, "run", None)
    dataset: str | None = getattr(job, "dataset", None)
    try:
        if run is not None:
            request = UNKNOWN if ":" in run.encoder else _of_run(task, run, gpu, threads)
        elif dataset is not None:
            request = _of_images(task, dataset)
        else:
            request = MINIMUM
    except (SettingsError, FileNotFoundError):  # its images are not counted yet, or not there
        request = UNKNOWN
    return Request(max(request.memory, MINIMUM.memory), max(request.minutes, MINIMUM.minutes)).times(attempt)


def _of_run(task: Task, run: Run, gpu: bool, threads: int) -> Request:
    from pipeline.jobs.cost import CORE, GPU, run_cost  # noqa: PLC0415  (torch takes seconds: only for a cluster)

    cost = run_cost(task.plan, task.layout, run)
    rate = GPU.rate if gpu else CORE.rate * threads
    steps = 0.0 if gpu else cost.step_bytes * threads  # on an accelerator they lie in its own memory
    memory = BASE + MARGIN * (steps + cost.state_bytes + cost.feature_bytes) / MIB
    return Request(ceil(memory), ceil(MARGIN * cost.operations / rate / 60))


def _of_images(task: Task, dataset: str) -> Request:
    from pipeline.jobs.cost import size_of  # noqa: PLC0415

    return Request(ceil(BASE + MARGIN * size_of(task.plan, task.layout, dataset).bytes / MIB), MINIMUM.minutes)
