"""Draw the classes of a subset, nested in their number."""

from dataclasses import asdict

from pipeline.data.store import load_store
from pipeline.data.subsets import write_subset
from pipeline.jobs import SubsetJob
from pipeline.layout import Layout
from pipeline.records import write_record


def run(job: SubsetJob, layout: Layout) -> None:
    store = load_store(layout.data(job.dataset))
    path = layout.subset(job.dataset, job.classes or "all", job.seed)
    subset = write_subset(path, store.manifest, job.classes or len(store.manifest.class_names), job.seed)
    write_record(job, layout, **asdict(subset))
