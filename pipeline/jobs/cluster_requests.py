"""What a job asks of a cluster: memory and time, from the cost of its run."""

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
class Claim:
    memory: int  # MiB
    minutes: int

    def times(self, attempt: int) -> "Claim":
        """A job that failed may have had too little of either."""
        return Claim(self.memory * attempt, self.minutes * attempt)


LEAST = Claim(2 * BASE, HOUR)  # tables, figures and the report take minutes
UNKNOWN = Claim(8 * BASE, 24 * HOUR)  # images that are not counted yet, encoders of one's own


def claim(one: Task, gpu: bool, threads: int, attempt: int) -> Claim:
    """Of a stage's job at its attempt, which counts from 1. A job of a run asks for the time that its training takes at
    the assumed rates of `cost`, threefold, also where it only reads what was trained; no job asks for
    less than an hour."""
    job: Any = one.job
    run: Run | None = getattr(job, "run", None)
    dataset: str | None = getattr(job, "dataset", None)
    try:
        if run is not None:
            found = UNKNOWN if ":" in run.encoder else _of_run(one, run, gpu, threads)
        elif dataset is not None:
            found = _of_images(one, dataset)
        else:
            found = LEAST
    except (SettingsError, FileNotFoundError):  # its images are not counted yet, or not there
        found = UNKNOWN
    return Claim(max(found.memory, LEAST.memory), max(found.minutes, LEAST.minutes)).times(attempt)


def _of_run(one: Task, run: Run, gpu: bool, threads: int) -> Claim:
    from pipeline.jobs.cost import CORE, GPU, run_cost  # noqa: PLC0415  (torch takes seconds: only for a cluster)

    cost = run_cost(one.plan, one.layout, run)
    rate = GPU.rate if gpu else CORE.rate * threads
    steps = 0.0 if gpu else cost.step_bytes * threads  # on an accelerator they lie in its own memory
    memory = BASE + MARGIN * (steps + cost.state_bytes + cost.feature_bytes) / MIB
    return Claim(ceil(memory), ceil(MARGIN * cost.operations / rate / 60))


def _of_images(one: Task, dataset: str) -> Claim:
    from pipeline.jobs.cost import size_of  # noqa: PLC0415

    return Claim(ceil(BASE + MARGIN * size_of(one.plan, one.layout, dataset).bytes / MIB), LEAST.minutes)
