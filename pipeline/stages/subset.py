"""Draw the classes of a subset, nested in their number."""

from dataclasses import asdict

from pipeline.data.store import load_store
from pipeline.data.subsets import draw_subset
from pipeline.jobs import SubsetJob
from pipeline.layout import Layout
from pipeline.records import write_record


def run(job: SubsetJob, layout: Layout) -> None:
    names = load_store(layout.data(job.dataset)).manifest.class_names
    subset = draw_subset(job.dataset, names, job.classes or len(names), job.seed)
    write_record(job, layout, **asdict(subset))
