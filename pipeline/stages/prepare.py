"""Turn a dataset's images into an array store."""

from pathlib import Path

from pipeline.data.prepare import prepare
from pipeline.jobs import PrepareJob
from pipeline.layout import Layout
from pipeline.records import write_record


def run(job: PrepareJob, layout: Layout) -> None:
    prepare(job.dataset, job.spec, Path(job.downloads), layout.data(job.dataset))
    write_record(job, layout, dataset=job.dataset)
