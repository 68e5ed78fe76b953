"""A figure as PNG and PDF, and the table it is drawn from."""

from pipeline.files import write_csv
from pipeline.jobs import FigureJob
from pipeline.layout import Layout
from pipeline.reporting.figures import MODULES
from pipeline.reporting.figures.style import save
from pipeline.reporting.reading import reader


def run(job: FigureJob, layout: Layout) -> None:
    module = MODULES[job.figure]
    table = module.table(reader(layout, job.runs))
    write_csv(layout.figure(job.figure, "csv"), table)
    drawn = module.draw(table)
    for suffix in ("png", "pdf"):
        save(drawn, layout.figure(job.figure, suffix))
