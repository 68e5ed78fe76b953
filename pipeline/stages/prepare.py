"""Turn a dataset's images, or its arrays, into an array store."""

from __future__ import annotations

from pathlib import Path

from pipeline.config.base import Settings
from pipeline.config.dataset_settings import ARRAYS, SourceSettings
from pipeline.datasets.array_splits import digests
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.system.files import Inputs, Outputs

VERSION = 1  # raise it when the numbers change: results of another VERSION are made again


class PrepareJob(Settings):
    dataset: str
    spec: SourceSettings
    downloads: str
    files: tuple[tuple[str, str], ...] = ()  # digests of the files of arrays, by path


def job_of(plan: Plan, dataset: str) -> PrepareJob:
    spec = SourceSettings(**plan.dataset(dataset).model_dump(exclude={"views"}))  # views do not change the store
    files = digests(spec) if spec.source == ARRAYS else ()
    return PrepareJob(dataset=dataset, spec=spec, downloads=plan.params.downloads, files=files)


def run(job: PrepareJob, inputs: Inputs, outputs: Outputs) -> None:
    from pipeline.datasets.preparation import prepare

    prepare(job.dataset, job.spec, Path(job.downloads), outputs["store"])


STAGE = Stage(
    "prepare",
    job_of,
    {"store": "images/"},
    folder="data",
    facts=lambda job: [f"pipeline/datasets/sources/{job.spec.source}.py"],
    watches=["pipeline/datasets"],
    is_resumable=True,
    subject="dataset",
    subjects=lambda plan: plan.datasets,
)
