"""Order of trainings: the longest first, so that the cores end at nearly the same time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.datasets.catalog import KNOWN, facts
from pipeline.datasets.catalog import resolve as dataset_spec
from pipeline.jobs.task import Task
from pipeline.planning.checks import classes_of


def longest_first(tasks: Iterable[Task]) -> list[Task]:
    """Sort trainings by the images that all their twins see; those of equal length keep their order."""
    return sorted(tasks, key=_images_seen, reverse=True)


def _images_seen(task: Task) -> float:
    """Images of a dataset whose size is not published count as one a class."""
    job: Any = task.job
    run, params = job.run, task.plan.params
    spec = dataset_spec(run.dataset, params.datasets)
    sizes, classes = facts(spec.source).sizes, classes_of(run.dataset, params)
    images = sizes(spec)[0] if sizes is not None and spec.source in KNOWN else classes
    return float(len(job.objectives) * run.epochs * images * (run.classes or classes) / classes)
