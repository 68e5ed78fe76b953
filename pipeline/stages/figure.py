"""A figure as PNG and PDF, the table it is drawn from, and what its runs learned, which stands under it."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING

from pipeline.files import write_csv
from pipeline.reporting.facts import facts, sentences
from pipeline.reporting.possible import cut, possible
from pipeline.reporting.reading import Reading, learning, of_twins, paper_values, reader
from pipeline.reporting.style import note, save
from pipeline.stages import Inputs, Outputs

if TYPE_CHECKING:
    from pipeline.workflow.stages import FigureJob


def run(job: FigureJob, inputs: Inputs, outputs: Outputs) -> None:
    figure = importlib.import_module(f"pipeline.reporting.figures.{job.figure}")
    read = of_twins(reader(inputs, dict.fromkeys(figure.READS, job.runs))(job.runs), job.objectives)
    table = figure.table(Reading(read, partial(paper_values, inputs["paper_values"][0]), job.published_classes))
    write_csv(outputs["figure"], table)
    learned = facts(*learning(inputs, job.runs))
    write_csv(outputs["facts"], learned)
    shown = possible(table) if "ci_low" in table else table
    drawn = figure.draw(shown)
    note(drawn, [*sentences(learned), *cut(table, shown)])
    for kind in ("png", "pdf"):
        save(drawn, outputs[kind])
