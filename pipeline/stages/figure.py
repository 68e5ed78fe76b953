"""A figure as PNG and PDF, and the table it is drawn from."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING

from pipeline.files import write_csv
from pipeline.reporting.reading import Reading, paper_values, reader
from pipeline.reporting.style import save
from pipeline.stages import Inputs, Outputs

if TYPE_CHECKING:
    from pipeline.workflow.stages import FigureJob


def run(job: FigureJob, inputs: Inputs, outputs: Outputs) -> None:
    figure = importlib.import_module(f"pipeline.reporting.figures.{job.figure}")
    read = reader(inputs, dict.fromkeys(figure.READS, job.runs))(job.runs)
    table = figure.table(Reading(read, partial(paper_values, inputs["paper_values"][0]), job.published_classes))
    write_csv(outputs["figure"], table)
    drawn = figure.draw(table)
    for kind in ("png", "pdf"):
        save(drawn, outputs[kind])
